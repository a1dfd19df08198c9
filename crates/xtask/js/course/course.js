// A lesson inside a learning platform's page: the run is kept as a link, so that one can leave and come back.
import './embed.js';

export const lesson = document.documentElement.dataset.lesson ?? new URLSearchParams(location.search).get('lesson');

const said = document.getElementById('text');
document.body.style.cssText = 'margin:0;height:100dvh;display:grid;grid-template-rows:auto minmax(0,1fr)';
said.style.cssText = 'margin:0;font:14px/1.5 system-ui,sans-serif';

/** Says something above the lesson. */
export function tell(text) {
  said.textContent = text;
  said.style.padding = text && '6px 12px';
}

/**
 * Shows the lesson as it was left. `kept` is what `keep` got last: step, steps done, and the run as a link, which may lack.
 * `keep(text)` is told after every goal, and `complete()` once all are met. Gives a function that tells the same text at any
 * moment, at once; null if nothing is known yet.
 */
export function show(kept, keep, complete) {
  const sim = document.createElement('kafka-sim');
  sim.setAttribute('lesson', lesson);
  sim.style.cssText = 'border:0;border-radius:0;aspect-ratio:auto;min-height:0;height:100%';
  const [step, done, link] = kept.split(' ');
  for (const [name, value] of Object.entries({ step, done, link })) if (value) sim.setAttribute(name, value);
  const text = (at, run) => `${at.step} ${at.done} ${run}`;
  let last = { step: step || 1, done: done ?? '' };
  const state = async () => {
    const { lesson, link } = await sim.getState();
    last = lesson;
    return text(lesson, link);
  };
  sim.addEventListener('sim-progress', e => { last = e.detail; });
  sim.addEventListener('sim-goal', async () => keep(await state()));
  sim.addEventListener('sim-complete', async () => { await complete(); keep(await state()); });
  document.body.append(sim);
  return () => sim.state && text(last, sim.state);
}
