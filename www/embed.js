// <kafka-sim lesson="lost-ack"></kafka-sim>: the page in a frame, or with mode="inline" in the element itself, that starts when it
// is seen or clicked. What stands between its tags is shown until then, and to readers without scripts. docs/embed.md has
// attributes, methods, events.
const PARAMETERS = ['lesson', 'step', 'done', 'scenario', 'seed', 't', 'speed', 'autoplay', 'ui', 'panels', 'theme', 'motion', 'readonly',
  'until', 'view', 'allow', 'keys', 'links', 'storage', 'lang', 'locale', 'lock', 'log', 'fullscreen'];
const STYLE = `
:host { display: block; position: relative; width: 100%; aspect-ratio: 16 / 10; min-height: min(600px, 90vh); min-width: 240px; box-sizing: border-box; border: 1px solid #8886; border-radius: 10px; overflow: hidden; }
:host([ui=minimal]) { min-height: min(420px, 90vh); }
:host([ui=none]) { min-height: min(340px, 90vh); }
:host([hidden]) { display: none; }
iframe { position: absolute; inset: 0; width: 100%; height: 100%; border: 0; }
.poster { position: absolute; inset: 0; display: grid; place-content: center; justify-items: center; gap: 12px; padding: 16px; text-align: center; font: 16px/1.45 system-ui, sans-serif; }
.poster button { font: inherit; font-weight: 600; min-height: 40px; padding: 6px 22px; border: 0; border-radius: 10px; background: #1f5fbf; color: #fff; cursor: pointer; }
.poster button:focus-visible { outline: 3px solid #6fa8ff; outline-offset: 2px; }`;
const base = new URL('./', import.meta.url);
const running = new Set();

const API_1 = ['ready', 'play', 'pause', 'step', 'back', 'seek', 'advance', 'until', 'run', 'lock', 'load', 'getState', 'setState',
  'snapshot', 'options', 'setProgress', 'on', 'subscribe'];

class KafkaSim extends HTMLElement {
  static observedAttributes = ['theme'];
  #port = null; #frame = null; #isPlaying = false; #state = null; #fault = false; #waiting = []; #calls = new Map(); #id = 0; #ready; #isReady; #isLost; #end = null;

  constructor() {
    super();
    this.#begin();
    this.attachShadow({ mode: 'open' });
    this.#poster();
  }

  #begin() {
    this.#ready = new Promise((yes, no) => [this.#isReady, this.#isLost] = [yes, no]);
    this.#ready.catch(() => { /* who waits for it hears of it */ });
  }

  #poster() {
    const root = this.shadowRoot, sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    const poster = document.createElement('div');
    poster.className = 'poster';
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = 'Run';
    button.addEventListener('click', () => this.start());
    poster.append(document.createElement('slot'), button);
    root.replaceChildren(poster);
  }

  connectedCallback() {
    if (this.getAttribute('start') === 'click') return;
    const watch = new IntersectionObserver(seen => {
      if (!seen.some(entry => entry.isIntersecting)) return;
      watch.disconnect();
      this.start();
    });
    watch.observe(this);
  }

  attributeChangedCallback(name, before, theme) {
    if (this.#port && theme !== before && ['light', 'dark'].includes(theme)) this.#ask('theme', { theme });
  }

  disconnectedCallback() {
    running.delete(this);
    if (!this.#end) return this.#port?.close();
    // Moved to another place it runs on there; away for good, or until it is seen again, it ends.
    queueMicrotask(() => !this.isConnected && this.#away());
  }

  #away() {
    this.#end();
    for (const { no } of this.#calls.values()) no(new Error('the run was taken off the page'));
    this.#calls.clear();
    [this.#end, this.#port, this.#frame, this.#isPlaying, this.#state] = [null, null, null, false, null];
    this.#begin();
    this.#poster();
  }

  /** Loads the frame, if it is not there yet. Resolves when the run is up. */
  start() {
    if (this.#frame) return this.#ready;
    const url = new URL('index.html', base);
    url.searchParams.set('ui', 'embed');
    for (const name of PARAMETERS) if (this.hasAttribute(name)) url.searchParams.set(name, this.getAttribute(name));
    // The language of the page around, unless the element names another.
    const lang = this.closest('[lang]')?.lang;
    if (lang && !this.hasAttribute('locale')) url.searchParams.set('lang', lang);
    if (location.origin !== 'null') url.searchParams.set('origin', location.origin);
    url.hash = this.getAttribute('link') ?? '';
    if (this.getAttribute('mode') === 'inline') return this.#inline(url);
    const frame = this.#frame = document.createElement('iframe');
    frame.title = this.getAttribute('label') ?? 'A simulated Apache Kafka cluster';
    frame.allow = 'clipboard-write; fullscreen';
    frame.sandbox = 'allow-scripts allow-same-origin allow-popups allow-downloads';
    addEventListener('message', e => {
      if (e.source !== frame.contentWindow || e.data?.kafkaSim !== 1 || e.data.type !== 'ready' || this.#port) return;
      const { port1, port2 } = new MessageChannel();
      this.#port = port1;
      port1.onmessage = ({ data }) => this.#heard(data);
      frame.contentWindow.postMessage({ kafkaSim: 1, type: 'hello' }, base.origin === 'null' ? '*' : base.origin, [port2]);
    });
    frame.src = url;
    this.shadowRoot.replaceChildren(frame);
    return this.#ready;
  }

  // In the element itself: another module, the same messages.
  #inline(url) {
    const mine = this.#frame = {};
    const { port1, port2 } = new MessageChannel(), given = { element: this, shadow: this.shadowRoot, url, base, port: port2 };
    const failed = why => {
      const error = new Error(why?.message ?? why);
      this.#fault = true;
      this.#isLost(error);
      this.#tell('sim-error', { code: 'failed', text: error.message });
    };
    port1.onmessage = ({ data }) => {
      if (this.#frame !== mine) return; // it was taken away
      this.#port = port1;
      this.#heard(data);
    };
    import('./inline.js').then(({ inline }) => inline({ ...given, failed })).then(end => {
      this.#end = end;
      if (!this.isConnected || this.#frame !== mine) this.#away();
    }, failed);
    return this.#ready;
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  #heard(message) {
    if (message?.kafkaSim !== 1) return;
    const call = this.#calls.get(message.id);
    if (call) {
      this.#calls.delete(message.id);
      return message.type === 'error' ? call.no(new Error(message.text)) : call.yes(message.state ?? message.data);
    }
    if (message.type === 'ready') this.#isReady();
    if (message.type === 'state') this.#state = message.state;
    if (message.type === 'error') this.#fault = true;
    if (message.type === 'playing') this.#playing(message.playing);
    if (message.type === 'unload') this.#isPlaying = false;
    const name = message.type === 'events' ? 'sim-event' : `sim-${message.type}`;
    this.#tell(name, message);
  }

  // One cluster plays at a time on a page.
  #playing(on) {
    this.#isPlaying = on;
    if (!on) {
      for (const done of this.#waiting.splice(0)) done();
      return running.delete(this);
    }
    for (const other of running) if (other !== this) other.pause();
    running.add(this);
  }

  async #ask(type, rest = {}) {
    await this.start();
    const id = ++this.#id;
    return new Promise((yes, no) => {
      this.#calls.set(id, { yes, no });
      this.#port.postMessage({ kafkaSim: 1, type, id, ...rest });
    });
  }

  ready() { return this.start(); }
  play() { return this.#ask('play'); }
  pause() { return this.#ask('pause'); }
  step() { return this.#ask('step'); }
  back() { return this.#ask('back'); }
  seek(t) { return this.#ask('seek', { t }); }
  advance(ms) { return this.#ask('run', { ms }); }
  /** Runs until a condition holds, for at most ten virtual minutes. Resolves with the state then. */
  async until(condition) {
    await this.#ask('until', { condition });
    if (this.#isPlaying) await new Promise(done => this.#waiting.push(done));
    return this.getState();
  }
  run(text, terminal = 1) { return this.#ask('command', { text, terminal }); }
  lock(step) { return this.#ask('lock', { step }); }
  load(what) { return this.#ask('load', what); }
  getState() { return this.#ask('getState'); }
  setState(link) { return this.#ask('setState', { link }); }
  get playing() { return this.#isPlaying; }
  /** The run as a link; setting it opens another. */
  get state() { return this.#state?.link ?? null; }
  set state(link) { this.setState(link).catch(e => this.#tell('sim-error', { code: 'refused', text: e.message })); }
  /** The clock, ms; null before the page is up. */
  get time() { return this.#state?.clock ?? null; }
  get status() { return this.#fault ? 'error' : !this.#frame ? 'idle' : !this.#port ? 'loading' : this.#isPlaying ? 'playing' : 'paused'; }
  /** What there is to see: as the engine's fields (`json`), or the stage as a picture (`svg`: text, `png`: a data URL). */
  snapshot(format = 'json') { return this.#ask('snapshot', { format }); }
  options(options) { return this.#ask('options', { options }); }
  setProgress(steps) { return this.#ask('progress.set', { steps }); }
  /** Calls `listener` with each event whose text, or kind (`detail`, `event`, `alarm`), the filter takes. */
  on(filter, listener) {
    const takes = filter instanceof RegExp ? e => filter.test(e.text) : typeof filter === 'function' ? filter : e => e.level === filter;
    return this.subscribe(events => events.filter(takes).forEach(e => listener(e)));
  }
  /** The element's methods as version 1 has them, whatever later versions change. */
  api(version) {
    if (version !== 1) throw new RangeError(`there is no version ${version} of this element's methods; there is 1`);
    return Object.freeze(Object.fromEntries(API_1.map(name => [name, (...given) => this[name](...given)])));
  }
  async subscribe(listener) {
    this.addEventListener('sim-event', e => listener(e.detail.events, e.detail.dropped));
    return this.#ask('subscribe');
  }
}

customElements.define('kafka-sim', KafkaSim);

/**
 * Puts a run into an element of this page, in the page itself unless `mode` is `frame`. `options` are the element's attributes;
 * resolves with the <kafka-sim> when the run is up. Removing that ends it.
 */
export async function mount(place, options = {}) {
  const known = new Set([...PARAMETERS, 'mode', 'link', 'label']), sim = document.createElement('kafka-sim');
  for (const [name, value] of Object.entries({ mode: 'inline', ...options })) {
    if (!known.has(name)) throw new TypeError(`there is no option \`${name}\`; there are ${[...known].join(', ')}`);
    sim.setAttribute(name, value === true ? '1' : value === false ? '0' : String(value));
  }
  place.append(sim);
  await sim.ready();
  return sim;
}
