// Opens a scenario or a lesson from an address: `#url=https://course.example/outage.json` (docs/embed.md). Only text is taken, and
// only so much of it; another host is named, and asked for nothing before the reader agrees.
const BYTES_MAX = 256 << 10;
const WAIT_MS = 10_000;

// The text at an address; nothing if the reader would rather not.
export async function open(asked, say, text, place) {
  const fail = (why, ...parts) => { throw new Error(parts.reduce((text, part) => text.replace('{}', part), say(why))); };
  let url;
  try { url = new URL(decodeURIComponent(asked), place.base); } catch { fail('url: `{}` is no address', asked); }
  if (!/^https?:$/.test(url.protocol)) fail('url: {} is not asked for: only http and https are', url.protocol);
  if (url.origin !== new URL(place.base).origin && !await agrees(url, say, text)) {
    place.window.history?.replaceState(null, '', location.pathname + location.search);
    place.window.location.hash = '';
    return undefined;
  }
  let answer;
  try {
    answer = await fetch(url, { credentials: 'omit', referrerPolicy: 'no-referrer', signal: AbortSignal.timeout(WAIT_MS) });
  } catch (e) {
    if (e.name === 'TimeoutError') fail('url: {} did not answer in {} s', url.host, WAIT_MS / 1000);
    fail('url: {} cannot be read: it is not there, or that host lets no other site read it (Access-Control-Allow-Origin)', url.href);
  }
  if (!answer.ok) fail('url: {} answers {}', url.href, answer.status);
  const reader = answer.body.getReader();
  const parts = [];
  for (let bytes = 0, part; !(part = await reader.read()).done;) {
    bytes += part.value.length;
    if (bytes > BYTES_MAX) { reader.cancel(); fail('url: {} has more than {} KB', url.href, BYTES_MAX >> 10); }
    parts.push(part.value);
  }
  return new Blob(parts).text();
}

// Whether the reader wants what another host has.
function agrees(url, say, place) {
  const box = document.createElement('span');
  const button = (text, kind) => Object.assign(document.createElement('button'), { className: kind, type: 'button', textContent: say(text) });
  const [yes, no] = [button('Open it', 'btn primary'), button('Rather not', 'btn')];
  const row = Object.assign(document.createElement('span'), { className: 'row' });
  row.append(yes, no);
  box.append(say('This link opens a run from another site:'), ' ', Object.assign(document.createElement('code'), { textContent: url.href }), row);
  place.replaceChildren(box);
  yes.focus();
  return new Promise(done => {
    const end = is => { place.textContent = ''; done(is); };
    yes.addEventListener('click', () => end(true));
    no.addEventListener('click', () => end(false));
  });
}
