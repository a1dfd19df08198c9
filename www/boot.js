// Loads the engine, says so when it cannot, and shows the crash screen. Everything else is Rust.
const $ = id => document.getElementById(id);
const params = new URLSearchParams(location.search);

// After a broken invariant (`why`) the engine stands still but can be looked at; after a panic nothing can.
function crash(text, link, why) {
  if (!$('crash').hidden) return; // the first report is the cause
  if (why) $('crash-why').textContent = why;
  $('crash-look').hidden = !why;
  $('crash-text').textContent = text;
  $('crash-link').href = link ? './' + location.search + link : './';
  $('crash-link').hidden = !link;
  $('crash-copy').onclick = () => navigator.clipboard?.writeText(text + '\n' + $('crash-link').href);
  $('crash').hidden = false;
  $('app').inert = true;
  $('crash-link').focus();
}
addEventListener('kafkasim:panic', e => crash(e.detail.text, e.detail.link));
addEventListener('kafkasim:violation', e => crash(e.detail.text, e.detail.link,
  'A claim that must hold after every event does not. The run stands still right after the event that broke it. ' +
  'The link below replays it.'));
$('crash-look').addEventListener('click', () => { $('crash').hidden = true; $('app').inert = false; });
$('crash-link').addEventListener('click', () => setTimeout(() => location.reload()));

// How much of the page is shown: all of it, or what an embedding page has room for (docs/embed.md).
const UI = { full: '', embed: 'timeline,terminal', minimal: 'timeline', none: '' };
const ui = params.get('ui') in UI ? params.get('ui') : 'full';
document.documentElement.dataset.ui = ui;
const panels = params.get('panels') ?? (params.has('lesson') && ui === 'embed' ? 'lesson,' : '') + UI[ui];
document.documentElement.dataset.panels = panels.split(',').map(p => p.trim()).join(' ');

$('full').addEventListener('click', e => { e.currentTarget.href = './' + (globalThis.kafkasim ? JSON.parse(globalThis.kafkasim('state', '')).link : ''); });

// A scenario of this site, to start with. An address of another host is refused before anything is asked for.
async function scenario(path) {
  const url = new URL(path, document.baseURI);
  if (url.origin !== location.origin) throw new Error(`scenario: ${url} is not on this site`);
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`scenario: ${url} answers ${answer.status}`);
  return answer.text();
}

const meta = document.querySelector('meta[name=kafkasim-engine]');
try {
  if (params.has('scenario')) globalThis.kafkasimScenario = await scenario(params.get('scenario'));
  if (parent !== window) {
    const { host } = await import('./host.js');
    addEventListener('kafkasim:ready', () => host(globalThis.kafkasim, params), { once: true });
  }
  const engine = await import(new URL(meta.content, document.baseURI).href);
  await engine.default({ module_or_path: new URL(meta.dataset.wasm, document.baseURI).href });
} catch (e) {
  const why = typeof WebAssembly === 'object' ? String(e) : 'This browser has no WebAssembly.';
  const text = $('boot-text');
  if (text) text.textContent = 'could not start: ' + why; else crash(why);
}

// Offline after the first visit, where the browser and the frame allow it.
if ('serviceWorker' in navigator && parent === window) {
  try {
    await navigator.serviceWorker.register('./sw.js');
    const { active } = await navigator.serviceWorker.ready;
    const loaded = performance.getEntriesByType('resource').map(entry => entry.name);
    active.postMessage([location.href.split(/[?#]/)[0], ...loaded.filter(url => url.startsWith(location.origin))]);
  } catch { /* not on this host: the page works without */ }
}
