// Between a learning platform (SCORM 1.2 or 2004) and a lesson: complete when its goals are met, and the run is kept as a link.
import './embed.js';

// 1.2 keeps at most this much between two visits, and 2004 more.
const ROOM = 4096;

function find(name) {
  for (const start of [window, window.opener]) {
    for (let w = start, hops = 0; w && hops < 12; w = w.parent === w ? null : w.parent, hops++) {
      try { if (w[name]) return w[name]; } catch { break; } // another origin: no platform behind it
    }
  }
}
const new_ = find('API_1484_11'), old = new_ ? null : find('API');
const lms = new_
  ? { start: () => new_.Initialize(''), get: k => new_.GetValue(k), set: (k, v) => new_.SetValue(k, v), save: () => new_.Commit(''), end: () => new_.Terminate(''), data: 'cmi.suspend_data' }
  : old && { start: () => old.LMSInitialize(''), get: k => old.LMSGetValue(k), set: (k, v) => old.LMSSetValue(k, v), save: () => old.LMSCommit(''), end: () => old.LMSFinish(''), data: 'cmi.suspend_data' };
const status = text => {
  if (!new_) return lms.set('cmi.core.lesson_status', text);
  lms.set('cmi.completion_status', text);
  if (text === 'completed') lms.set('cmi.success_status', 'passed');
};

const lesson = new URLSearchParams(location.search).get('lesson');
const sim = document.createElement('kafka-sim');
sim.setAttribute('lesson', lesson);
sim.style.cssText = 'position:fixed;inset:0;border:0;border-radius:0;aspect-ratio:auto';
if (!lms) document.getElementById('text').textContent = 'No learning platform was found around this page: nothing is recorded.';
else {
  lms.start();
  const kept = lms.get(lms.data) || '';
  const [step, done, link] = kept.split(' ');
  if (link) for (const [name, value] of Object.entries({ step, done, link })) if (value) sim.setAttribute(name, value);
  const was = lms.get(new_ ? 'cmi.completion_status' : 'cmi.core.lesson_status');
  if (was !== 'completed' && was !== 'passed') status('incomplete');

  const keep = state => {
    const text = `${state.lesson.step} ${state.lesson.done} ${state.link}`;
    if (text.length <= ROOM) lms.set(lms.data, text);
    lms.save();
  };
  sim.addEventListener('sim-goal', async () => keep(await sim.getState()));
  sim.addEventListener('sim-complete', async () => {
    lms.set(new_ ? 'cmi.score.raw' : 'cmi.core.score.raw', '100');
    status('completed');
    keep(await sim.getState());
  });
  addEventListener('pagehide', () => { lms.save(); lms.end(); }, { once: true });
}
document.body.append(sim);
