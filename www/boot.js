// Loads the engine, says so when it cannot, and shows the crash screen. Everything else is Rust.
const $ = id => document.getElementById(id);

function crash(text, link) {
  if (!$('crash').hidden) return; // the first report is the cause
  $('crash-text').textContent = text;
  $('crash-link').href = link ? './' + link : './';
  $('crash-link').hidden = !link;
  $('crash-copy').onclick = () => navigator.clipboard?.writeText(text + '\n' + $('crash-link').href);
  $('crash').hidden = false;
  $('app').inert = true;
  $('crash-link').focus();
}
addEventListener('kafkasim:panic', e => crash(e.detail.text, e.detail.link));
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
