// A lesson inside a learning platform's page: the run is kept as a link, so that one can leave and come back.
import './embed.js';

export const lesson = new URLSearchParams(location.search).get('lesson');

/** Says something above the lesson, when there is nothing else to say it. */
export function tell(text) { document.getElementById('text').textContent = text; }

/**
 * Shows the lesson as it was left. `kept` is what `keep` got last, `keep(text)` is told after every goal, and
 * `complete()` once all are met.
 */
export function show(kept, keep, complete) {
  const sim = document.createElement('kafka-sim');
  sim.setAttribute('lesson', lesson);
  sim.style.cssText = 'position:fixed;inset:0;border:0;border-radius:0;aspect-ratio:auto';
  const [step, done, link] = kept.split(' ');
  if (link) for (const [name, value] of Object.entries({ step, done, link })) if (value) sim.setAttribute(name, value);
  const state = async () => {
    const { lesson, link } = await sim.getState();
    return `${lesson.step} ${lesson.done} ${link}`;
  };
  sim.addEventListener('sim-goal', async () => keep(await state()));
  sim.addEventListener('sim-complete', async () => { await complete(); keep(await state()); });
  document.body.append(sim);
}
