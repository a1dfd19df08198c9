// Starts the page that this document is, and keeps it for visits without a network. Everything else is start.js, and Rust.
import { start } from './start.js';

const find = id => document.getElementById(id);
const isKeeping = new URLSearchParams(location.search).get('storage') !== 'none';
if (!isKeeping) Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('storage=none', 'SecurityError'); } });
find('crash-link').addEventListener('click', () => setTimeout(() => location.reload()));

const { rest } = await start({
  window, find, root: document.documentElement, base: document.baseURI, meta: document.querySelector('meta[name=kafkasim-engine]'),
  style: href => new Promise(done => {
    document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href, onload: done, onerror: done }));
  }),
});
const fuzz = new URLSearchParams(location.search).get('fuzz');
if (fuzz) (await import('./fuzz.js')).fuzz(fuzz);

// Offline after the first visit, where the browser and the page around allow it.
if (isKeeping) {
  try {
    await navigator.serviceWorker.register('./sw.js');
    const { active } = await navigator.serviceWorker.ready;
    await rest;
    const loaded = performance.getEntriesByType('resource').map(entry => entry.name);
    active.postMessage([location.href.split(/[?#]/)[0], ...loaded.filter(url => url.startsWith(location.origin) && !url.includes('?'))]);
  } catch { /* not on this host, or in this frame: the page works without */ }
}
