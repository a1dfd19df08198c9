// Keeps what was loaded, so that the page works offline afterwards. Pages are asked for anew while there is a network;
// the other files have names that change with what they hold.
const CACHE = 'kafkasim-1';
addEventListener('install', () => skipWaiting());
addEventListener('activate', e => e.waitUntil(clients.claim()));

// The page says what it has loaded; what is no longer among that is dropped.
addEventListener('message', e => e.waitUntil((async () => {
  const cache = await caches.open(CACHE);
  const wanted = new Set(e.data);
  for (const request of await cache.keys()) if (!wanted.has(request.url)) await cache.delete(request);
  for (const url of wanted) if (!await cache.match(url)) await cache.add(url).catch(() => {});
})()));

addEventListener('fetch', e => {
  if (e.request.method !== 'GET' || !e.request.url.startsWith(registration.scope)) return;
  e.respondWith((async () => {
    const isPage = e.request.mode === 'navigate';
    const kept = () => caches.match(e.request, { ignoreSearch: isPage });
    if (!isPage) return await kept() ?? fetch(e.request);
    try {
      return await fetch(e.request);
    } catch (gone) {
      const page = await kept() ?? await caches.match(registration.scope);
      if (page) return page;
      throw gone;
    }
  })());
});
