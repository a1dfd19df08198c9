// The page as a part of another page: in the shadow root of a <kafka-sim mode="inline">, without a frame (docs/embed.md). The
// engine is given a window that stands for the browser's: its address is that of the element, it keeps nothing, its document is
// the shadow root, and its size the element's. Styles are turned to match: what asks how wide the window is asks the element.
import { start } from './start.js';

const SHEET = `:host { container: kafkasim / size; }
.kafkasim { all: initial; display: block; position: absolute; inset: 0; contain: layout paint; }`;
let copies = 0;

/** Draws the page of `url` into `shadow`; messages come and go by `port`. Gives what takes it away again. */
export async function inline({ element, shadow, url, base, port, failed }) {
  const given = async path => {
    const answer = await fetch(path);
    if (!answer.ok) throw new Error(`${path} answers ${answer.status}`);
    return answer.text();
  };
  const page = new DOMParser().parseFromString(await given(new URL('index.html', base)), 'text/html');
  const root = Object.assign(document.createElement('div'), { className: 'kafkasim' });
  Object.assign(root.dataset, page.documentElement.dataset);
  for (const part of page.body.children) if (part.localName !== 'script') root.append(document.importNode(part, true));

  const rules = [];
  const style = async href => {
    const text = await given(href), sheet = new CSSStyleSheet();
    rules.push(text);
    sheet.replaceSync(inShadow(text));
    shadow.adoptedStyleSheets = [...shadow.adoptedStyleSheets, sheet];
  };
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(SHEET);
  shadow.adoptedStyleSheets = [...shadow.adoptedStyleSheets, sheet];
  for (const link of page.querySelectorAll('link[rel=stylesheet]')) await style(new URL(link.getAttribute('href'), base));
  shadow.replaceChildren(root);

  const end = new AbortController(), window = standIn(element, shadow, root, url);
  const size = new ResizeObserver(() => window.dispatchEvent(new Event('resize')));
  size.observe(element);
  end.signal.addEventListener('abort', () => size.disconnect());
  stayInside(root, base);
  const meta = page.querySelector('meta[name=kafkasim-engine]');
  // An engine is one run: whoever comes second gets another.
  await start({ window, root, base, meta, port, rules, failed, style, signal: end.signal, copy: `?${++copies}`, find: id => shadow.getElementById(id) });
  return () => { end.abort(); root.remove(); };
}

/** Styles of a whole document, for a shadow root whose host is the container `kafkasim`. */
export function inShadow(css) {
  const asked = query => query.split(',').map(one => `(${one.trim()})`).join(' or ');
  return css
    .replace(/:root\b/g, '.kafkasim')
    .replace(/(^|[\s,}])(?:html|body)(?=[\s,{])/g, '$1.kafkasim')
    .replace(/@media([^{]*\b(?:width|height)\b[^{]*)\{/g, (_, query) => `@container kafkasim ${asked(query)} {`)
    .replace(/(\d)[dsl]?v([hw])\b/g, '$1cq$2');
}

// What the engine takes for its window.
function standIn(element, shadow, root, url) {
  let hash = url.hash;
  const location = {
    search: url.search, origin: url.origin, pathname: url.pathname,
    get hash() { return hash; },
    set hash(text) { hash = text && `#${text.replace(/^#/, '')}`; },
    get href() { return url.origin + url.pathname.replace(/index\.html$/, '') + hash; },
  };
  const document = {
    documentElement: root,
    getElementById: id => shadow.getElementById(id),
    querySelector: selector => shadow.querySelector(selector),
    get activeElement() { return shadow.activeElement; },
  };
  // A question for a size is about the element, any other about the reader's system.
  const matchMedia = query => {
    const sizes = [...query.matchAll(/\((min|max)-(width|height): *([\d.]+)px\)/g)];
    if (!sizes.length) return globalThis.matchMedia(query);
    const { clientWidth: width, clientHeight: height } = element;
    return { matches: sizes.every(([, bound, side, px]) => bound === 'min' ? { width, height }[side] >= px : { width, height }[side] <= px) };
  };
  return Object.defineProperties(new EventTarget(), Object.getOwnPropertyDescriptors({
    location, document, matchMedia, navigator, localStorage: null,
    get innerWidth() { return element.clientWidth; },
    get innerHeight() { return element.clientHeight; },
  }));
}

// Links of ours open beside the page around, and keys typed into a field of ours, or taken by us, are not the page's.
function stayInside(root, base) {
  root.addEventListener('click', e => {
    const link = e.target.closest?.('a[href]'), to = link?.getAttribute('href');
    if (link && !/^[a-z]+:/i.test(to)) link.href = new URL(to, base);
    if (link) Object.assign(link, { target: '_blank', rel: 'noopener noreferrer' });
  });
  root.addEventListener('keydown', e => {
    if (e.defaultPrevented || e.target.closest?.('input, textarea, select')) e.stopPropagation();
  });
}
