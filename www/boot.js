// Loads the engine, says so when it cannot, and shows the crash screen. Everything else is Rust.
const $ = id => document.getElementById(id);

// After a broken invariant (`why`) the engine stands still but can be looked at; after a panic nothing can.
function crash(text, link, why) {
  if (!$('crash').hidden) return; // the first report is the cause
  if (why) $('crash-why').textContent = why;
  $('crash-look').hidden = !why;
  $('crash-text').textContent = text;
  $('crash-link').href = link ? './' + link : './';
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

const meta = document.querySelector('meta[name=kafkasim-engine]');
try {
  const engine = await import(new URL(meta.content, document.baseURI).href);
  await engine.default({ module_or_path: new URL(meta.dataset.wasm, document.baseURI).href });
} catch (e) {
  const why = typeof WebAssembly === 'object' ? String(e) : 'This browser has no WebAssembly.';
  const text = $('boot-text');
  if (text) text.textContent = 'could not start: ' + why; else crash(why);
}
