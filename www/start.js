// Starts the engine in its place and shows what goes wrong: in a page of its own (boot.js), or as a part of another (inline.js).
// A place is what the engine takes for its `window` (address, storage, events, and what it leaves for scripts), the `root` that
// stands for the document's, `find` for elements by id, the `base` of our files, and `meta`, the element that names the engine's.
import { unpack } from './unpack.js';

/** Resolves when the run is up; gives what resolves when all of the engine is there. */
export async function start(place) {
  const { window: own, root, find: $, base, meta } = place;
  const params = new URLSearchParams(own.location.search), at = path => new URL(path, base).href;

  // The page's words: in the language of `?lang=`, else in the one that was chosen before, else in what the browser asks for.
  // A language is a file, `lang/CODE.txt`, and an entry of `<html data-langs>`; English is what the page says by itself.
  const table = new Map();
  const say = text => table.get(text) ?? text;
  const stored = () => { try { return own.localStorage.getItem('kafkasim.lang'); } catch { return null; } };
  async function speak(code) {
    const answer = code === 'en' ? null : await fetch(at(`lang/${code}.txt`));
    const words = answer?.ok ? await answer.text() : '';
    table.clear();
    for (const [, english, other] of words.matchAll(/^([^#\s].*)\n {2}(.*)$/gm)) table.set(english, other);
    [own.kafkasimWords, own.kafkasimLang] = [words, words ? code : 'en'];
    root.lang = own.kafkasimLang;
    for (const element of root.querySelectorAll('[data-t]')) {
      element.dataset.t ||= element.textContent.trim();
      element.textContent = say(element.dataset.t);
    }
  }
  const codes = root.dataset.langs.split(' ').map(entry => entry.split(':')[0]);
  const wanted = [params.get('lang') ?? params.get('locale'), stored(), ...navigator.languages].map(code => code?.toLowerCase().split('-')[0]);
  const spoken = speak(wanted.find(code => codes.includes(code)) ?? 'en').catch(() => { /* it stays English */ });
  own.kafkasimSpeak = async code => {
    try { own.localStorage.setItem('kafkasim.lang', code); } catch { /* for this visit, then */ }
    await speak(code);
    own.dispatchEvent(new Event('kafkasim:lang'));
  };

  // Files of the reader's own: one that is opened is told by an event, one that is saved goes where downloads go.
  const FILE_BYTES_MAX = 4 << 20;
  own.kafkasimOpen = (kind, accept) => {
    const input = Object.assign(document.createElement('input'), { type: 'file', accept });
    input.addEventListener('change', async () => {
      const file = input.files[0];
      const text = file && file.size <= FILE_BYTES_MAX ? await file.text() : undefined;
      if (file) own.dispatchEvent(new CustomEvent('kafkasim:file', { detail: { kind, text, bytes: file.size } }));
    });
    input.click();
  };
  own.kafkasimSave = (name, text) => {
    const link = Object.assign(document.createElement('a'), { download: name, href: URL.createObjectURL(new Blob([text])) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  // After a broken invariant (`why`) the engine stands still but can be looked at; after a panic nothing can.
  function crash(text, link, why) {
    if (!$('crash').hidden) return; // the first report is the cause
    if (why) $('crash-why').textContent = say(why);
    $('crash-look').hidden = !why;
    $('crash-text').textContent = text;
    $('crash-link').href = at('./' + (link ? own.location.search + link : ''));
    $('crash-link').hidden = !link;
    $('crash-copy').onclick = () => navigator.clipboard?.writeText(text + '\n' + $('crash-link').href);
    $('crash').hidden = false;
    $('app').inert = true;
    $('crash-link').focus();
  }
  own.addEventListener('kafkasim:panic', e => crash(e.detail.text, e.detail.link));
  own.addEventListener('kafkasim:violation', e => crash(e.detail.text, e.detail.link,
    'A claim that must hold after every event does not. The run stands still right after the event that broke it. The link below replays it.'));
  $('crash-look').addEventListener('click', () => { $('crash').hidden = true; $('app').inert = false; });

  // How much of the page is shown: all of it, or what an embedding page has room for (docs/embed.md).
  const UI = { full: '', embed: 'timeline,terminal', minimal: 'timeline', none: '' };
  const ui = params.get('ui') in UI ? params.get('ui') : 'full';
  root.dataset.ui = ui;
  const panels = params.get('panels') ?? (params.has('lesson') && ui === 'embed' ? 'lesson,' : '') + UI[ui];
  root.dataset.panels = panels.split(',').map(p => p.trim().replace('story', 'inspector')).join(' ');

  $('full').addEventListener('click', e => { e.currentTarget.href = at('./' + (own.kafkasim ? JSON.parse(own.kafkasim('state', '')).link : '')); });

  // What a host may switch off: single keys, links to other sites, and what is kept between visits.
  const isOff = name => params.get(name) === '0';
  if (isOff('keys')) root.addEventListener('keydown', e => {
    const types = e.target.closest?.('input, textarea, select, [contenteditable]');
    if (e.key.length === 1 && e.key !== ' ' && !types && !e.ctrlKey && !e.metaKey && !e.altKey) e.stopImmediatePropagation();
  }, true);
  if (isOff('links')) for (const kind of ['click', 'auxclick']) root.addEventListener(kind, e => {
    const link = e.target.closest?.('a[href]');
    if (link && link.origin !== new URL(base).origin) e.preventDefault();
  }, true);

  // A scenario of this site, to start with. An address of another host is refused before anything is asked for.
  async function scenario(path) {
    const url = new URL(path, base);
    if (url.origin !== new URL(base).origin) throw new Error(`scenario: ${url} is not on this site`);
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`scenario: ${url} answers ${answer.status}`);
    return answer.text();
  }

  // The released engine comes in two modules (crates/xtask/js/split.mjs): what is needed until the page can be used, and
  // the rest, which comes while it is being used. Who needs the rest before it is there waits for it.
  function later(first, url) {
    let there = false;
    const join = module => there ||= !!new WebAssembly.Instance(module, { first });
    first.t0.set(first.load.value, exported(() => {
      try {
        const request = new XMLHttpRequest();
        request.open('GET', url, false);
        request.overrideMimeType('text/plain; charset=x-user-defined'); // a request that waits gives text only
        request.send();
        join(new WebAssembly.Module(Uint8Array.from(request.responseText, c => c.charCodeAt(0))));
      } catch (e) {
        crash(`${url}: ${e}`, '', 'A part of the simulator could not be loaded. Is there a network?');
        $('crash-look').hidden = true;
        throw e;
      }
    }));
    const ask = async () => {
      const bytes = await (await fetch(url)).arrayBuffer();
      if (!there) join(await WebAssembly.compile(bytes));
    };
    return ask().catch(() => { /* who needs it will ask again, and say so */ });
  }

  let rest = Promise.resolve();
  try {
    if (params.has('scenario')) own.kafkasimScenario = await scenario(params.get('scenario'));
    if (own.location.hash.startsWith('#url=')) {
      await spoken;
      own.kafkasimScenario = await (await import('./open.js')).open(own.location.hash.slice(5), say, $('boot-text'), place);
    }
    if (place.port || parent !== window) {
      // What the page around asks for needs the rest, and would wait for it: until then it is kept.
      const early = [], keep = e => early.push(e);
      own.addEventListener('message', keep);
      const { host } = await import('./host.js');
      own.addEventListener('kafkasim:ready', () => rest.then(() => {
        own.removeEventListener('message', keep);
        host(own.kafkasim, params, early, place);
      }), { once: true });
    }
    const engine = await import(at(meta.content + (place.copy ?? '')));
    const wasm = at(meta.dataset.wasm);
    const first = await engine.default({ module_or_path: 'sorted' in meta.dataset ? await sorted(wasm) : wasm });
    if (meta.dataset.late) place.style(at(meta.dataset.late));
    if (meta.dataset.rest) rest = later(first, at(meta.dataset.rest));
    // A link or a lesson needs the rest at once, and without a network it comes only by way of the service worker, which
    // requests that wait do not take.
    if (own.location.hash.length > 1 || [...params.keys()].some(key => !LOOKS.has(key)) || isKept()) await rest;
    await spoken;
    engine.startPage(own);
  } catch (e) {
    const why = typeof WebAssembly === 'object' ? String(e) : say('This browser has no WebAssembly.');
    const text = $('boot-text');
    if (text) text.textContent = `${say('could not start:')} ${why}`; else crash(why);
    place.failed?.(why);
  }
  return { rest };
}

// Parameters that free play starts with as fast as without.
const LOOKS = new Set(['ui', 'panels', 'theme', 'origin']);

// The first of the modules, as its packer found it (crates/xtask/js/pack.mjs).
async function sorted(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
  return unpack(await answer.arrayBuffer());
}

// A function for the engine's table: only functions that a module exports go there, so this one exports what it imports.
function exported(f) {
  const module = '0061736d01000000' + '01040160' + '0000' + '0205010000' + '0000' + '070401000000';
  const bytes = Uint8Array.from(module.match(/../g), hex => parseInt(hex, 16));
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { '': { '': f } }).exports[''];
}

// Whether a service worker answers for this page; a sandbox may not even ask.
function isKept() {
  try { return !!navigator.serviceWorker?.controller; } catch { return false; }
}
