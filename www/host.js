// Speaks with the page that embeds this one: messages in, `kafkasim(kind, text)` calls, messages out (docs/embed.md).
const POLL_MS = 100;
const ACTS = {
  play: () => '', pause: () => '', step: () => '', back: () => '',
  seek: m => String(m.t), run: m => String(m.ms), speed: m => String(m.speed),
  until: m => String(m.condition), theme: m => String(m.theme),
  command: m => `${m.terminal ?? 1} ${m.text}`,
  lock: m => String(m.step ?? ''),
  'progress.set': m => (m.steps ?? []).join(),
  load: m => m.lesson ? `lesson ${m.lesson}` : m.link ? `link ${m.link}` : m.scenario ? `scenario ${JSON.stringify(m.scenario)}` : '',
};

/** Begins to answer: first what came `early`. A place in the page around itself (inline.js) comes with its port. */
export function host(sim, params, early, place) {
  const origin = params.get('origin');
  const call = (kind, text = '') => JSON.parse(sim(kind, String(text)));
  const out = (message, port) => {
    const envelope = { kafkaSim: 1, ...message };
    if (port) port.postMessage(envelope); else parent.postMessage(envelope, origin ?? '*');
  };
  let port = place.port ?? null, subscribed = false, next = 0, last = {};
  const progress = state => state.lesson && { lesson: state.lesson.id, step: state.lesson.step, steps: state.lesson.steps, done: state.lesson.done };

  function answer(m, via) {
    const reply = message => out({ ...message, id: m.id }, via);
    const fail = (code, text) => reply({ type: 'error', code, text });
    try {
      if (m.type === 'snapshot') return snapshot(m.format ?? 'json').then(data => reply({ type: 'snapshot', format: m.format ?? 'json', data }), e => fail('refused', e.message));
      if (m.type === 'options') {
        for (const [name, value] of Object.entries(m.options ?? {})) {
          if (!['speed', 'theme', 'lock'].includes(name)) return fail('refused', `\`${name}\` cannot be changed while the page runs; speed, theme and lock can`);
          const { error } = call(name, String(value ?? ''));
          if (error) return fail('refused', error);
        }
        return reply({ type: 'done' });
      }
      if (m.type === 'getState') return reply({ type: 'state', state: call('state') });
      if (m.type === 'subscribe') {
        subscribed = m.on !== false;
        next = call('events', 0).next;
        return reply({ type: 'done' });
      }
      const kind = { setState: 'load', 'progress.set': 'done' }[m.type] ?? m.type;
      const act = m.type === 'setState' ? () => `link ${m.link}` : ACTS[m.type];
      if (!act) return fail('unknown-type', `there is no message \`${m.type}\``);
      const { error } = call(kind, act(m));
      if (error) return fail('refused', error);
      // What the call changed is told before its answer: who waits for the answer knows it, in the order of the calls.
      poll();
      reply({ type: 'done' });
    } catch (e) {
      fail('failed', String(e));
    }
  }

  // What there is to see: the engine's own fields, or the stage as a picture.
  async function snapshot(format) {
    if (format === 'json') return call('snapshot');
    const { svg, png } = await import('./snapshot.js');
    if (format === 'svg') return svg(place);
    if (format === 'png') return png(place);
    throw new Error(`there is no snapshot as \`${format}\`; there are json, svg and png`);
  }

  function heard(e) {
    if (e.data?.kafkaSim !== 1) return;
    // A sandboxed page has origin "null", so the sender is checked first, and its origin only if one is asked for.
    if (e.source !== parent || (origin && e.origin !== origin)) return;
    if (e.data.type === 'hello') {
      port = e.ports[0] ?? null;
      if (port) port.onmessage = ({ data }) => data?.kafkaSim === 1 && answer(data, port);
      return ready();
    }
    answer(e.data, port);
  }

  function ready() {
    const { version, warnings } = call('state');
    out({ type: 'ready', version, caps: ['getState', 'setState', 'subscribe', 'snapshot', 'options', ...Object.keys(ACTS)], warnings }, port);
  }

  // What changed since the last look.
  function poll() {
    const state = call('state');
    if (state.playing !== last.playing) out({ type: 'playing', playing: state.playing }, port);
    if (state.lesson && JSON.stringify(progress(state)) !== JSON.stringify(progress(last))) out({ type: 'progress', ...progress(state) }, port);
    for (const goal of state.lesson?.goals ?? []) {
      const before = last.lesson?.goals.find(g => g.goal === goal.goal);
      if (before?.status !== goal.status && ['met', 'broken'].includes(goal.status)) out({ type: 'goal', lesson: state.lesson.id, ...goal }, port);
    }
    if (state.lesson?.complete && !(last.lesson?.id === state.lesson.id && last.lesson.complete)) {
      out({ type: 'complete', lesson: state.lesson.id, link: state.link }, port);
    }
    if (state.violation && state.violation !== last.violation) out({ type: 'error', code: 'violation', text: state.violation }, port);
    // Who has a port has the state without asking.
    if (port && state.link !== last.link) out({ type: 'state', state }, port);
    last = state;
    if (!subscribed) return;
    const { events, dropped, next: from } = call('events', next);
    if (events.length || from < next) out({ type: 'events', events, dropped }, port);
    next = from;
  }

  place.window.addEventListener('kafkasim:panic', e => {
    clearInterval(timer);
    out({ type: 'error', code: 'panic', text: e.detail.text, link: e.detail.link }, port);
  });
  addEventListener('pagehide', () => out({ type: 'unload' }, port));
  const timer = setInterval(poll, POLL_MS);
  ready();
  if (place.port) {
    port.onmessage = ({ data }) => data?.kafkaSim === 1 && answer(data, port);
    place.signal.addEventListener('abort', () => {
      clearInterval(timer);
      call('pause');
      out({ type: 'unload' }, port);
      port.close();
    });
  } else {
    addEventListener('message', heard);
    early.forEach(heard);
    sizes(params, message => out(message, port));
  }
  if (params.get('fullscreen') === '1' && document.fullscreenEnabled) fullscreen(place);
}

// A button for the whole screen, where the page around and the browser let one.
function fullscreen({ root, find }) {
  const button = Object.assign(document.createElement('button'), { type: 'button', className: 'btn icon bare whole-screen', textContent: '⛶', title: 'Full screen' });
  button.setAttribute('aria-label', 'Full screen');
  button.addEventListener('click', () => document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen());
  find('full').before(button);
}

// The height this page would like, for hosts that fit their frame to it. It fills any frame that it is given.
function sizes(params, out) {
  const compat = (params.get('compat') ?? '').split(',');
  let told = 0;
  const tell = () => {
    const height = Number(params.get('height')) || Math.round(Math.min(900, Math.max(innerWidth < 900 ? 720 : 520, innerWidth * 10 / 16)));
    if (Math.abs(height - told) <= 4) return;
    told = height;
    out({ type: 'resize', height });
    if (compat.includes('lti')) parent.postMessage(JSON.stringify({ subject: 'lti.frameResize', height }), '*');
    if (compat.includes('embedly')) parent.postMessage(JSON.stringify({ src: location.href, context: 'iframe.resize', height }), '*');
    if (compat.includes('h5p')) parent.postMessage({ context: 'h5p', action: 'prepareResize', scrollHeight: height, clientHeight: innerHeight }, '*');
  };
  new ResizeObserver(tell).observe(document.documentElement);
  if (!compat.includes('h5p')) return;
  addEventListener('message', e => {
    if (e.source !== parent || e.data?.context !== 'h5p') return;
    if (e.data.action === 'hello') parent.postMessage({ context: 'h5p', action: 'hello' }, '*');
    if (e.data.action === 'resizePrepared') parent.postMessage({ context: 'h5p', action: 'resize', scrollHeight: told }, '*');
  });
}
