// `?fuzz=SEED` or `?fuzz=SEED:ACTS`: the page presses its own buttons and keys, and enters commands, for as long as it is open, or
// so many times. For tests: the same seed makes the same acts at the same events, since the page's clock goes on by the same
// frames between two acts, however fast the machine is. Nothing leaves the page: links, files and the clipboard are left alone.
const FRAMES = 3, FRAME_MS = 16, REST_MS = 4;
const LINES = ['sim kill broker 1', 'sim start broker 1', 'sim cut 1 | 2', 'sim heal', 'sim run 2s', 'sim pause broker 2', 'sim resume broker 2', 'sim mend',
  'kafka-topics --bootstrap-server :9092 --list', 'echo x | kafka-console-producer --bootstrap-server :9092 --topic orders', 'no such thing', '^C'];
const KEYS = [...'123456.,<>[]mbfke+-?', ' ', 'Home', 'End', 'ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Enter', 'Escape'];

export async function fuzz(text) {
  const [seed, last = Infinity] = text.split(':').map(Number);
  let state = (seed || 1) >>> 0;
  const random = n => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return Math.floor(state / 2 ** 32 * n); };
  const one = list => list[random(list.length)];
  const key = (target, key) => target?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  const isOurs = e => e.checkVisibility();
  const acts = [
    () => one([...document.querySelectorAll('#app button:not(:disabled), #app [role=tab]')].filter(isOurs))?.click(),
    () => key(document.querySelector('.stage, .view'), one(KEYS)),
    () => {
      const input = one([...document.querySelectorAll('.prompt input')]);
      if (!input) return;
      input.value = one(LINES);
      input.dispatchEvent(new InputEvent('input', { bubbles: true }));
      key(input, 'Enter');
    },
    () => {
      const slider = one([...document.querySelectorAll('#app input[type=range], #app select')].filter(isOurs));
      if (!slider) return;
      slider.value = slider.options ? one([...slider.options]).value : String(Number(slider.min) + random(Number(slider.max) - Number(slider.min) + 1));
      for (const kind of ['input', 'change']) slider.dispatchEvent(new Event(kind, { bubbles: true }));
    },
  ];
  Object.defineProperty(navigator, 'clipboard', { value: { writeText: async () => {} } });
  HTMLInputElement.prototype.click = function () { if (this.type !== 'file') HTMLElement.prototype.click.call(this); };
  const rest = ms => new Promise(done => setTimeout(done, ms));
  const { requestAnimationFrame, cancelAnimationFrame } = window;
  const frames = new Map();
  let now = performance.now(), frame = 0;
  performance.now = () => now;
  window.requestAnimationFrame = act => { frames.set(++frame, act); return frame; };
  window.cancelAnimationFrame = id => frames.delete(id) || cancelAnimationFrame(id);
  for (let made = 1; made <= last && document.getElementById('crash').hidden; made++) {
    document.documentElement.dataset.fuzz = String(made);
    one(acts)();
    for (let i = 0; i < FRAMES; i++) {
      await rest(REST_MS); // components draw themselves between two frames
      now += FRAME_MS;
      const due = [...frames.values()];
      frames.clear();
      for (const act of due) act(now);
    }
    await rest(REST_MS);
  }
  window.kafkasim('pause', '');
  delete performance.now;
  Object.assign(window, { requestAnimationFrame, cancelAnimationFrame });
  for (const act of frames.values()) requestAnimationFrame(act);
  document.documentElement.dataset.fuzz += ' done';
}
