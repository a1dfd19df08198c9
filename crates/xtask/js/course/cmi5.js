// Between a platform that speaks cmi5 and a lesson: statements of xAPI go to its record store. Completed and passed are said
// once a registration, when every goal is met, and only if the platform launched the lesson for credit (mode Normal).
import { show, tell } from './course.js';

const CMI5 = 'https://w3id.org/xapi/cmi5/context/';
const params = new URLSearchParams(location.search);
const [endpoint, fetchUrl, activityId, registration] = ['endpoint', 'fetch', 'activityId', 'registration'].map(key => params.get(key));
const actor = JSON.parse(params.get('actor') ?? 'null');
const started = Date.now();
let token, launch;

function at(path, query = {}) {
  const url = new URL(path, endpoint.endsWith('/') ? endpoint : endpoint + '/');
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  return url;
}

async function ask(url, method = 'GET', body, missing) {
  const headers = { authorization: `Basic ${token}`, 'x-experience-api-version': '1.0.3' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  const text = body === undefined ? undefined : JSON.stringify(body);
  // What is sent when the page goes must outlive it.
  const answer = await fetch(url, { method, headers, body: text, keepalive: method !== 'GET' && text.length < 60_000 });
  if (answer.status === 404 && missing !== undefined) return missing;
  if (!answer.ok) throw new Error(`${url.pathname} answers ${answer.status}`);
  return method === 'GET' ? answer.json() : undefined;
}

const state = id => at('activities/state', { activityId, agent: JSON.stringify(actor), registration, stateId: id });

function duration() {
  return `PT${((Date.now() - started) / 1000).toFixed(2)}S`;
}

function say(verb, result) {
  const context = structuredClone(launch.contextTemplate ?? {});
  context.registration = registration;
  const category = ((context.contextActivities ??= {}).category ??= []);
  const add = name => { const id = `${CMI5}categories/${name}`; if (!category.some(c => c.id === id)) category.push({ id }); };
  add('cmi5');
  if (result && ('success' in result || 'completion' in result)) add('moveon');
  if (verb === 'passed' && launch.masteryScore !== undefined) (context.extensions ??= {})[`${CMI5}extensions/masteryscore`] = launch.masteryScore;
  return ask(at('statements'), 'POST', {
    id: crypto.randomUUID(), timestamp: new Date().toISOString(), actor, context, result,
    verb: { id: `http://adlnet.gov/expapi/verbs/${verb}`, display: { en: verb } },
    object: { objectType: 'Activity', id: activityId },
  });
}

async function start() {
  const answer = await (await fetch(fetchUrl, { method: 'POST' })).json();
  token = answer['auth-token'];
  if (!token) throw new Error(answer['error-text'] ?? 'the platform gave no token');
  launch = await ask(state('LMS.LaunchData'));
  await ask(at('agents/profile', { agent: JSON.stringify(actor), profileId: 'cmi5LearnerPreferences' }), 'GET', undefined, {});
  const kept = await ask(state('kafkasim'), 'GET', undefined, {});
  await say('initialized');
  let { run = '', isCompleted = false } = kept;
  const keep = text => ask(state('kafkasim'), 'PUT', { run: run = text, isCompleted });
  show(run, keep, async () => {
    if (isCompleted || launch.launchMode !== 'Normal') return;
    isCompleted = true;
    await say('completed', { completion: true, duration: duration() });
    await say('passed', { success: true, score: { scaled: 1 }, duration: duration() });
  });
  addEventListener('pagehide', () => say('terminated', { duration: duration() }), { once: true });
}

if ([endpoint, fetchUrl, activityId, registration, actor].includes(null)) {
  tell('This page was not launched by a learning platform: nothing is recorded.');
  show('', () => {}, () => {});
} else {
  start().catch(e => tell(`The learning platform could not be reached: ${e.message}`));
}
