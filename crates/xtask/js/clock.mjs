// Time of a page that passes only when it is told to. Both functions run in the page.

/** Takes the page's clocks, timers and frames over. Each look at the clock shows `costs` ms more. */
export function ownTime(costs) {
  const { setTimeout: realTimeout, requestAnimationFrame: realFrame } = globalThis;
  const timers = new Map(), frames = new Map();
  let now = 0, last = 0;
  const start = Date.UTC(2026, 0, 1);
  performance.now = () => (now += costs);
  Date.now = () => start + now;
  const later = (act, ms, given, every) => {
    timers.set(++last, { at: now + Math.max(0, Number(ms) || 0), act: () => act(...given), every });
    return last;
  };
  globalThis.setTimeout = (act, ms, ...given) => later(act, ms, given);
  globalThis.setInterval = (act, ms, ...given) => later(act, ms, given, Math.max(1, ms));
  globalThis.clearTimeout = globalThis.clearInterval = (id) => timers.delete(id);
  globalThis.requestAnimationFrame = (act) => (frames.set(++last, act), last);
  globalThis.cancelAnimationFrame = (id) => frames.delete(id);
  // One frame of a sixtieth of a second. The browser draws after it, so what waits for that is heard before the next.
  globalThis.passFrame = async () => {
    now += 1000 / 60;
    const isDue = ([, timer]) => timer.at <= now;
    for (let due; (due = [...timers].filter(isDue).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0]);) {
      const [id, timer] = due;
      if (timer.every) timer.at += timer.every; else timers.delete(id);
      timer.act();
    }
    const due = [...frames.values()];
    frames.clear();
    due.forEach((act) => act(now));
    await new Promise((done) => realFrame(() => realTimeout(done)));
  };
}

/** Lets so many frames pass. */
export async function pass(frames) {
  for (; frames > 0; frames--) await globalThis.passFrame();
}
