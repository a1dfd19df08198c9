// Between a learning platform (SCORM 1.2, or one that offers the API of 2004 only) and a lesson: complete when its goals are met.
import { show, tell } from './course.js';

// The package says 1.2, so that API comes first. A run of more characters than a platform must keep is not kept.
const EDITIONS = [
  { name: 'API', prefix: 'LMS', end: 'LMSFinish', core: 'cmi.core.', status: 'cmi.core.lesson_status', room: 4096 },
  { name: 'API_1484_11', prefix: '', end: 'Terminate', core: 'cmi.', status: 'cmi.completion_status', room: 64_000 },
];

function find(name) {
  for (const start of [window, window.opener]) {
    for (let w = start, hops = 0; w && hops < 12; w = w.parent === w ? null : w.parent, hops++) {
      try { if (w[name]) return w[name]; } catch { break; } // another origin: no platform behind it
    }
  }
}

const edition = EDITIONS.find(one => find(one.name));
// Found once: when the page goes, there may be no way to it any more.
const api = edition && find(edition.name);

/** Calls the platform. What it refuses is said. */
function call(name, ...args) {
  const on = edition.prefix;
  const answer = String(api[name === 'Terminate' ? edition.end : on + name](...args));
  if (name !== 'GetValue' && answer !== 'true') {
    const code = api[on + 'GetLastError']?.() ?? '?';
    tell(`The learning platform refuses ${[name, ...args].join(' ').slice(0, 80)}: ${code} ${api[on + 'GetErrorString']?.(code) ?? ''}`);
  }
  return answer;
}

const set = (key, value) => call('SetValue', key, value);

/** Of a run that is too long, the steps that are done are kept, and the lesson goes on there from its beginning. */
function keep(text) {
  set('cmi.suspend_data', text.length <= edition.room ? text : text.split(' ').slice(0, 2).join(' '));
  call('Commit', '');
}

function complete() {
  for (const [name, value] of [['min', '0'], ['max', '100'], ['raw', '100']]) set(`${edition.core}score.${name}`, value);
  set(edition.status, 'completed');
  if (edition.prefix) return;
  set('cmi.score.scaled', '1');
  set('cmi.success_status', 'passed');
}

/** `0000:12:34.50` for 1.2, `PT754.50S` for 2004. */
function lasted(ms) {
  const s = ms / 1000, two = n => String(Math.floor(n)).padStart(2, '0');
  if (!edition.prefix) return `PT${s.toFixed(2)}S`;
  return `${two(s / 3600).padStart(4, '0')}:${two(s / 60 % 60)}:${two(s % 60)}.${two(s * 100 % 100)}`;
}

if (!edition) {
  tell('No learning platform was found around this page: nothing is recorded.');
  show('', () => {}, () => {});
} else if (call('Initialize', '') !== 'true') {
  show('', () => {}, () => {});
} else {
  const began = Date.now();
  if (!['completed', 'passed'].includes(call('GetValue', edition.status))) set(edition.status, 'incomplete');
  // Without it a platform may throw away what was kept, as if the lesson were begun anew.
  set(`${edition.core}exit`, 'suspend');
  call('Commit', '');
  const latest = show(call('GetValue', 'cmi.suspend_data'), keep, complete);
  addEventListener('pagehide', () => {
    const text = latest();
    set(`${edition.core}session_time`, lasted(Date.now() - began));
    if (text) keep(text);
    else call('Commit', '');
    call('Terminate', '');
  }, { once: true });
}
