// The first module of the released engine comes with its code sorted: all instructions, then all numbers of locals, all calls,
// and so on, which packs a seventh better than as they follow one another (crates/xtask/js/pack.mjs sorts). What is alike is a
// stream; a stream keeps the order of the code. Constants are as alike as what is done with them: the next instruction. The
// functions in tables come as steps from one to the next (`entry`), with gaps between runs of them and the runs' lengths (`run`).
const STREAMS = ['op', 'declared', 'type', 'label', 'table', 'call', 'indirect', 'get', 'set', 'global', 'align', 'load', 'store',
  'i64', 'float', 'more', 'run', 'entry', 'i32'];
export const number = Object.fromEntries(STREAMS.map((name, i) => [name, i]));
export const COUNT = STREAMS.length + 255;
export const NAME = 'sorted';
// The usual alignments of the instructions that load and store: what is written is how others differ.
const ALIGNED = '23230011001122232301012';

// What follows an instruction: numbers of these streams.
const after = Array.from({ length: 256 }, () => []);
const follows = (from, to, ...names) => after.fill(names.map(name => number[name]), from, to + 1);
follows(0x02, 0x04, 'type');
follows(0x0c, 0x0d, 'label');
follows(0x10, 0x10, 'call');
follows(0x11, 0x11, 'indirect', 'indirect');
follows(0x20, 0x20, 'get');
follows(0x21, 0x21, 'set');
follows(0x22, 0x22, 'set');
follows(0x23, 0x26, 'global');
follows(0x28, 0x35, 'align', 'load');
follows(0x36, 0x3e, 'align', 'store');
follows(0x3f, 0x40, 'global');
follows(0x42, 0x42, 'i64');
follows(0xd0, 0xd0, 'global');
follows(0xd2, 0xd2, 'call');

/**
 * Goes through a function's body: `leb` and `bytes` take a number or bytes of a stream over and give back the (last) value,
 * `leb` with some bits of the number turned over; `next` is the next instruction.
 */
export function body(leb, bytes, next) {
  const { op, declared, table, float, more, align, i32 } = number;
  for (let n = leb(declared); n > 0; n--) { leb(declared); bytes(declared, 1); }
  for (let depth = 1; depth > 0;) {
    const code = bytes(op, 1), list = after[code];
    for (let i = 0; i < list.length; i++) leb(list[i], list[i] === align ? +ALIGNED[code - 0x28] : 0);
    if (code === 0x41) leb(i32 + next(op));
    else if (code >= 0x02 && code <= 0x04) depth++;
    else if (code === 0x0b) depth--;
    else if (code === 0x0e) for (let n = leb(table); n >= 0; n--) leb(table);
    else if (code === 0x1c) bytes(more, leb(more));
    else if (code === 0x43) bytes(float, 4);
    else if (code === 0x44) bytes(float, 8);
    else if (code === 0xfc) {
      const sub = leb(more);
      for (let n = sub < 8 ? 0 : [8, 10, 12, 14].includes(sub) ? 2 : 1; n > 0; n--) leb(more);
    }
  }
}

/** The module whose code and table are in the custom section of this one. */
export function unpack(buffer) {
  for (const parts = unpacking(buffer); ;) {
    const { value, done } = parts.next();
    if (done) return value;
  }
}

// How long the page may stand still, ms.
const AT_ONCE_MS = 4;

/** The same, by and by: the page goes on meanwhile. */
export async function unpackSlowly(buffer) {
  for (const parts = unpacking(buffer); ;) {
    const until = performance.now() + AT_ONCE_MS;
    for (let part; performance.now() < until;) {
      part = parts.next();
      if (part.done) return part.value;
    }
    await new Promise(done => {
      const { port1, port2 } = new MessageChannel(); // timers of hidden pages are slow
      port1.onmessage = done;
      port2.postMessage(0);
    });
  }
}

// Gives way now and then.
function* unpacking(buffer) {
  const input = new Uint8Array(buffer), places = [];
  let at = 8;
  const value = () => {
    let sum = 0, shift = 0, byte;
    do { byte = input[at++]; sum |= (byte & 127) << shift; shift += 7; } while (byte > 127);
    return sum >>> 0;
  };
  let start, before;
  for (;;) {
    start = at;
    const id = input[at++], end = value() + at;
    if (id === 0 || id > 9) before ??= start;
    if (id === 0) break;
    at = end;
  }
  at += 1 + NAME.length;
  const functions = value(), elements = value(), sizes = Array.from({ length: COUNT }, value);
  for (const size of sizes) { places.push(at); at += size; }

  const WIDE = 3; // bytes of a function's size
  const length = sizes.reduce((sum, size) => sum + size, 5 + functions * WIDE) - sizes[number.run] - sizes[number.entry];
  const out = new Uint8Array(start + (elements && 6 + elements) + 6 + length + input.length - at);
  let to = 0;
  const copy = (from, end) => {
    out.set(input.subarray(from, end), to);
    to += end - from;
  };
  const put = (number, width) => {
    for (let i = 1; i <= width; i++, number >>>= 7) out[to++] = (number & 127) | (i < width ? 128 : 0);
  };
  // A number in as many bytes as it takes; `most` is the largest last one.
  const fit = (number, most) => {
    for (; number > most; number >>>= 7) out[to++] = (number & 127) | 128;
    out[to++] = number;
  };
  const plain = stream => {
    let sum = 0, shift = 0, byte;
    do { byte = input[places[stream]++]; sum |= (byte & 127) << shift; shift += 7; } while (byte > 127);
    return sum;
  };
  copy(0, before);
  if (elements) {
    out[to++] = 9;
    put(elements, 5);
    let runs = plain(number.run), slot = 0, index = 0;
    for (fit(runs, 127); runs > 0; runs--) {
      fit(0, 0);
      fit(0x41, 127);
      fit(slot += plain(number.run), 63);
      fit(0x0b, 127);
      let n = plain(number.run);
      slot += n;
      for (fit(n, 127); n > 0; n--) {
        const step = plain(number.entry);
        fit(index += (step >>> 1) ^ -(step & 1), 127);
      }
    }
  }
  copy(before, start);
  out[to++] = 10;
  put(length, 5);
  put(functions, 5);
  const leb = (stream, turned) => {
    let sum = 0, shift = 0, byte;
    do { byte = out[to++] = input[places[stream]++] ^ turned; sum |= (byte & 127) << shift; shift += 7; } while (byte > 127);
    return sum;
  };
  const bytes = (stream, n) => {
    for (; n > 0; n--) out[to++] = input[places[stream]++];
    return out[to - 1];
  };
  for (let i = 0; i < functions; i++) {
    const from = to;
    to += WIDE;
    body(leb, bytes, stream => input[places[stream]]);
    const end = to;
    to = from;
    put(end - from - WIDE, WIDE);
    to = end;
    if (i % 16 === 0) yield;
  }
  copy(at, input.length);
  return out;
}
