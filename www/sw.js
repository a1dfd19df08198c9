// Keeps what was loaded, so that the page works offline afterwards. Files are asked for anew while there is a network, but those
// whose names change with what they hold.
const CACHE = 'kafkasim-1';
const isLasting = url => /-[0-9a-f]{15,}(_[a-z]+)?\.[a-z]+$/.test(url);
// What a page asks for when something is done with it, or a page around it.
const ASKED = ['./', 'embed.js', 'host.js', 'inline.js', 'snapshot.js'];
addEventListener('install', () => skipWaiting());
addEventListener('activate', e => e.waitUntil(clients.claim()));

// The page says what it has loaded; what is no longer among that is dropped.
addEventListener('message', e => e.waitUntil((async () => {
  const cache = await caches.open(CACHE);
  const wanted = new Set([...e.data, ...ASKED.map(path => new URL(path, registration.scope).href)]);
  for (const request of await cache.keys()) if (!wanted.has(request.url)) await cache.delete(request);
  for (const url of wanted) if (!isLasting(url) || !await cache.match(url)) await cache.add(url).catch(() => { /* what there is stays */ });
})()));

addEventListener('fetch', e => {
  if (e.request.method !== 'GET' || !e.request.url.startsWith(registration.scope)) return;
  e.respondWith((async () => {
    const isPage = e.request.mode === 'navigate';
    const kept = () => caches.match(e.request, { ignoreSearch: isPage });
    if (isLasting(e.request.url)) return await kept() ?? fetch(e.request);
    try {
      return await fetch(e.request);
    } catch (gone) {
      const file = await kept() ?? (isPage && await caches.match(registration.scope));
      if (file) return file;
      throw gone;
    }
  })());
});
