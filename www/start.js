// Starts the engine in its place and shows what goes wrong: in a page of its own (boot.js), or as a part of another (inline.js).
// A place is what the engine takes for its `window` (address, storage, events, and what it leaves for scripts), the `root` that
// stands for the document's, `find` for elements by id, the `base` of our files, and `meta`, the element that names the engine's.
import { unpack, unpackSlowly } from './unpack.js';

/** Resolves when the run is up; gives what resolves when all of the engine is there. */
export async function start(place) {
  const { window: own, root, find: $, base, meta } = place;
  const params = new URLSearchParams(own.location.search), at = path => new URL(path, base).href;

  // The page's words: in the language of `?lang=`, else in the one that was chosen before, else in what the browser asks for.
  // A language is a file, `lang/CODE.txt`, and an entry of `<html data-langs>`; English is what the page says by itself.
  const table = new Map();
  const say = text => table.get(text) ?? text;
  const stored = key => { try { return own.localStorage.getItem(key); } catch { return null; } };
  async function speak(code) {
    const answer = code === 'en' ? null : await fetch(at(`lang/${code}.txt`));
    const words = answer?.ok ? await answer.text() : '';
    table.clear();
    for (const [, english, other] of words.matchAll(/^([^#\s].*)\n {2}(.*)$/gm)) table.set(english, other);
    [own.kafkasimWords, own.kafkasimLang] = [words, words ? code : 'en'];
    root.lang = own.kafkasimLang;
    root.dir = /^(ar|fa|he|ur|yi)$/.test(root.lang) ? 'rtl' : '';
    for (const element of root.querySelectorAll('[data-t]')) {
      element.dataset.t ||= element.textContent.trim();
      element.textContent = say(element.dataset.t);
    }
  }
  // The colours of what stands here until the engine does; its own choice is the same (crates/web/src/theme.rs).
  const theme = params.get('theme') ?? stored('kafkasim.theme');
  root.dataset.theme = ['dark', 'light'].includes(theme) ? theme : own.matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark';

  const codes = root.dataset.langs.split(' ').map(entry => entry.split(':')[0]);
  const wanted = [params.get('lang') ?? params.get('locale'), stored('kafkasim.lang'), ...navigator.languages].map(code => code?.toLowerCase().split('-')[0]);
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

  // The released engine comes in four modules (crates/xtask/js/split.mjs): what an embedded page needs until it can be used,
  // what a page of its own needs beside that, what opens a lesson, a link or a file, and the rest, which comes while it is being
  // used. Who needs a later one before it is there waits for it, and each needs those before it. `asked` is its answer, if it was
  // asked for already; `here` is when its bytes are at hand then, `there` when it is part of the engine, `now` makes it that.
  function later(first, url, asked, before) {
    let bytes, isThere = false;
    const join = module => isThere ||= !!new WebAssembly.Instance(module, { first });
    const take = async answer => { bytes = await unpackSlowly(await (await answer).arrayBuffer()); };
    const here = asked && take(asked).catch(() => { /* who needs it will ask again, and say so */ });
    const now = () => {
      if (isThere) return;
      before.forEach(part => part.now());
      try {
        join(new WebAssembly.Module(bytes ?? unpack(atOnce(`${url}?now`))));
      } catch (e) {
        crash(`${url}: ${e}`, '', 'A part of the simulator could not be loaded. Is there a network?');
        $('crash-look').hidden = true;
        throw e;
      }
    };
    const come = async () => {
      const areThere = await Promise.all(before.map(part => part.there));
      try {
        await (here ?? take(fetch(url)));
        const module = await WebAssembly.compile(bytes);
        if (areThere.every(is => is)) join(module);
      } catch { /* the same */ }
      return isThere;
    };
    return { here, there: come(), now };
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
      own.addEventListener('kafkasim:ready', () => rest.then(async () => {
        const { host } = await import('./host.js');
        own.removeEventListener('message', keep);
        host(own.kafkasim, params, early, place);
      }), { once: true });
    }
    // Some parameters and another language need the rest at once. Without a network parts come only by way of the service worker,
    // which requests that wait do not take: where one is, their bytes are at hand first.
    const whole = [...params.keys()].some(key => !OPENS.has(key)), kept = isKept();
    const opens = whole || own.location.hash.length > 1 || [...params.keys()].some(key => !LOOKS.has(key));
    // Where there is room the timeline opens its lanes (crates/web/src/app.rs).
    const few = ui !== 'full' && root.dataset.panels.split(' ').every(panel => FEW.has(panel)) && !own.matchMedia('(min-width: 1121px) and (min-height: 700px)').matches;
    const { wasm, next, open, rest: last, own: styles, late } = meta.dataset, ask = (path, isNeeded) => path && isNeeded ? fetch(at(path)) : undefined;
    const asked = [ask(next, kept || opens || !few), ask(open, kept || opens), ask(last, kept || whole)];
    let styled = styles && !few && place.style(at(styles));
    const engine = await import(at(meta.content + (place.copy ?? '')));
    const module = next ? await WebAssembly.compile(await sorted(at(wasm))) : at(wasm);
    const first = await engine.default({ module_or_path: module });
    if (styles) styled ||= place.style(at(styles));
    if (late) place.style(at(late));
    // Before any other part comes: what it brings takes the places of those that stand in for it, not the other way round.
    const isMissing = next ? await standIns(first, WebAssembly.Module.customSections(module, 'absent')[0]) : () => true;
    const parts = [];
    const part = (path, answer) => {
      if (path) parts.push(later(first, at(path), answer, [...parts]));
      return path && parts.at(-1);
    };
    const beside = part(next, asked[0]), opening = part(open, asked[1]), all = part(last, asked[2]);
    if (next) first.t0.set(first.nload.value, exported(() => beside.now()));
    if (last) first.t0.set(first.load.value, exported(slot => [opening, all].forEach(one => isMissing(slot) && one.now())));
    rest = all?.there ?? rest;
    await spoken;
    if (kept) await Promise.all(parts.map(({ here }) => here));
    if (whole || own.kafkasimWords) await rest;
    if (opens) await opening?.there;
    if (!few) await Promise.all([beside?.there, styled]);
    engine.startPage(own);
    // What is made of it then, nobody waits for (crates/web/src/output.rs).
    rest.then(isThere => isThere !== false && setTimeout(() => own.dispatchEvent(new Event('kafkasim:whole')), 3000));
  } catch (e) {
    const why = typeof WebAssembly === 'object' ? String(e) : say('This browser has no WebAssembly.');
    const text = $('boot-text');
    if (text) text.textContent = `${say('could not start:')} ${why}`; else crash(why);
    place.failed?.(why);
  }
  return { rest };
}

// Parameters that free play starts with as fast as without, those that what opens a lesson knows, and panels of an embedded page
// that starts as fast.
const LOOKS = new Set(['ui', 'panels', 'theme', 'origin', 'lang', 'locale', 'keys', 'links', 'height', 'fullscreen', 'v']);
const OPENS = new Set([...LOOKS, 'lesson', 'step', 'done', 'lock', 'scenario', 'seed', 'autoplay', 'speed', 'readonly', 'motion', 'storage']);
const FEW = new Set(['timeline', 'terminal', '']);

// The first of the modules, as its packer found it (crates/xtask/js/pack.mjs).
async function sorted(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
  return unpack(await answer.arrayBuffer());
}

// The bytes at an address, and nothing else until they are here. The address is another than what a file is fetched by: the browser
// gives what is on its way to nobody else, and on its way it stays while we wait.
function atOnce(url) {
  const request = new XMLHttpRequest();
  request.open('GET', url, false);
  request.overrideMimeType('text/plain; charset=x-user-defined'); // a request that waits gives text only
  request.send();
  return Uint8Array.from(request.responseText, c => c.charCodeAt(0));
}

// A function for the engine's table: only functions that a module exports go there, so this one exports what it imports.
function exported(f) {
  const module = '0061736d01000000' + '01050160017f00' + '0205010000' + '0000' + '070401000000';
  const bytes = Uint8Array.from(module.match(/../g), hex => parseInt(hex, 16));
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { '': { '': f } }).exports[''];
}

// Functions of later modules that only the table names: until they come, each slot has one that loads its module and then calls
// who has the slot. Gives who tells whether a slot still has none else. The list has kinds (a slot that loads, the types of parameters and of results), then a slot's kind each.
async function standIns(first, list) {
  const given = new Uint8Array(list);
  let at = 0;
  const value = () => { let sum = 0, shift = 0, byte; do { byte = given[at++]; sum |= (byte & 127) << shift; shift += 7; } while (byte > 127); return sum; };
  const some = () => Array.from({ length: value() }, value);
  const kinds = Array.from({ length: value() }, () => ({ load: wide(value()), takes: some(), gives: some() }));
  const slots = [...some().entries()].filter(([, kind]) => kind);
  const section = (id, items) => { const body = [wide(items.length), ...items].flat(); return [id, ...wide(body.length), ...body]; };
  const code = ([slot, number]) => {
    const { load, takes } = kinds[number - 1];
    const body = [0, 0x41, ...wide(slot), 0x41, ...load, 0x11, ...wide(kinds.length), 0, ...takes.flatMap((_, i) => [0x20, i]), 0x41, ...wide(slot), 0x11, ...wide(number - 1), 0, 0x0b];
    return [...wide(body.length), ...body];
  };
  const bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [...kinds.map(({ takes, gives }) => [0x60, takes.length, ...takes, gives.length, ...gives]), [0x60, 1, 0x7f, 0]]),
    ...section(2, [[0, 0, 1, 0x70, 0, 0]]),
    ...section(3, slots.map(([, number]) => wide(number - 1))),
    ...section(9, slots.map(([slot], i) => [0, 0x41, ...wide(slot), 0x0b, 1, ...wide(i)])),
    ...section(10, slots.map(code))];
  await WebAssembly.instantiate(new Uint8Array(bytes), { '': { '': first.t0 } });
  const stood = new Map(slots.map(([slot]) => [slot, first.t0.get(slot)]));
  return slot => [null, stood.get(slot)].includes(first.t0.get(slot));
}

// A number below two million as WebAssembly has them, signed or not.
function wide(n) {
  return [n & 127 | 128, n >> 7 & 127 | 128, n >> 14];
}

// Whether a service worker answers for this page; a sandbox may not even ask.
function isKept() {
  try { return !!navigator.serviceWorker?.controller; } catch { return false; }
}
