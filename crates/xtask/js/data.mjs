// Which constants of the page's module the functions of its first part can come by, and which only the others. The linker
// left its notes (crates/web/build.rs): where each constant stands, and who refers to it. The addresses are still those, after
// all tools; only the places in the code are not, so an address there is known by its value.
import { Reader, SECTION } from "./wasm.mjs";
import { tree } from "./tree.mjs";

// Relocations by type: those that hold an address in code and in data, and those with an addend.
const IN_CODE = new Set([3, 4]), IN_DATA = 5, WITH_ADDEND = new Set([3, 4, 5, 8, 9, 11, 14, 15, 16, 17, 21, 22, 23]);
const [DATA_SYMBOL, SECTION_SYMBOL, UNDEFINED, NAMED] = [1, 3, 0x10, 0x40];

/** The notes of a linked module: `{ objects, pointers, addresses }`. */
export function readNotes(bytes) {
  const sections = [], reader = new Reader(bytes, 8);
  while (reader.at < bytes.length) {
    const id = reader.byte(), size = reader.u32(), from = reader.at, body = reader.take(size);
    if (id) { sections.push({ id, body }); continue; }
    const inside = new Reader(body), name = inside.name();
    sections.push({ id, name, body: body.subarray(inside.at), from });
  }
  const named = (name) => sections.find((section) => section.name === name)?.body;
  const segments = readSegments(sections.find(({ id }) => id === SECTION.data).body);
  const names = segmentNames(named("name"));
  const symbols = readSymbols(named("linking")).map((symbol) => symbol && { ...symbol, at: segments[symbol.segment].at + symbol.offset,
    isConstant: names.get(symbol.segment)?.startsWith(".rodata") ?? false });
  const objects = symbols.filter((symbol) => symbol?.size > 0).sort((a, b) => a.at - b.at || b.size - a.size);
  const addresses = new Map();
  for (const { type, symbol, addend } of readRelocations(named("reloc.CODE"))) {
    if (!IN_CODE.has(type) || !symbols[symbol]) continue;
    const value = symbols[symbol].at + addend;
    if (!addresses.has(value)) addresses.set(value, new Set());
    addresses.get(value).add(symbols[symbol]);
  }
  const pointers = [];
  for (const { type, offset, symbol } of readRelocations(named("reloc.DATA"))) {
    if (type !== IN_DATA || !symbols[symbol]) continue;
    const segment = segments.find(({ start, size }) => start <= offset && offset < start + size);
    pointers.push({ from: segment.at + offset - segment.start, to: symbols[symbol] });
  }
  return { objects, pointers, addresses };
}

// Where segments lie in memory and in their section.
function readSegments(body) {
  const r = new Reader(body);
  return r.vec(() => {
    if (r.u32() !== 0 || r.byte() !== 0x41) throw new Error("a data segment at no constant place");
    const at = r.s32();
    r.byte();
    const size = r.u32(), start = r.at;
    r.take(size);
    return { at, size, start };
  });
}

function segmentNames(body) {
  const r = new Reader(body);
  while (r.at < body.length) {
    const kind = r.byte(), part = new Reader(r.take(r.u32()));
    if (kind === 9) return new Map(part.vec(() => [part.u32(), part.name()]));
  }
  throw new Error("segments have no names");
}

function readSymbols(body) {
  const r = new Reader(body);
  if (r.u32() !== 2) throw new Error("another version of linking");
  while (r.at < body.length) {
    const kind = r.byte(), part = new Reader(r.take(r.u32()));
    if (kind === 8) return part.vec(() => readSymbol(part));
  }
  throw new Error("no symbols");
}

function readSymbol(r) {
  const kind = r.byte(), flags = r.u32();
  if (kind === SECTION_SYMBOL) return r.u32(), undefined;
  if (kind !== DATA_SYMBOL) {
    r.u32();
    if (!(flags & UNDEFINED) || flags & NAMED) r.name();
    return undefined;
  }
  r.name();
  return flags & UNDEFINED ? undefined : { segment: r.u32(), offset: r.u32(), size: r.u32() };
}

function readRelocations(body) {
  const r = new Reader(body);
  r.u32();
  return r.vec(() => {
    const type = r.byte();
    return { type, offset: r.u32(), symbol: r.u32(), addend: WITH_ADDEND.has(type) ? r.s32() : 0 };
  });
}

/** The segments of a module's data, as `{ at, bytes }`. */
export function readData(module) {
  return new Reader(module.sections.get(SECTION.data)).vec((r) => {
    if (r.u32() !== 0 || r.byte() !== 0x41) throw new Error("a data segment at no constant place");
    const at = r.s32();
    r.byte();
    return { at, bytes: Buffer.from(r.take(r.u32())) };
  });
}

/**
 * The constants that neither `isHot` functions of `module` can come by nor who follows what is in its memory at the start
 * (memory.mjs): `[from, to)` in memory, ascending.
 */
export function coldData(module, notes, isHot, typeOf) {
  const { objects, pointers, addresses } = notes;
  const starts = objects.map(({ at }) => at), end = Math.max(...objects.map(({ at, size }) => at + size));
  const first = starts[0];
  // All objects that reach into a stretch of memory.
  const within = (from, to) => {
    const found = [];
    for (let i = upper(starts, to) - 1; i >= 0 && starts[i] >= from - LARGEST; i--)
      if (objects[i].at + objects[i].size > from) found.push(objects[i]);
    return found;
  };
  const LARGEST = Math.max(...objects.map(({ size }) => size));
  const seen = new Set(), todo = [];
  const reach = (object) => { if (!seen.has(object)) { seen.add(object); todo.push(object); } };
  const meet = (value) => {
    if (value < first - SLACK || value > end + SLACK) return;
    if (addresses.has(value)) addresses.get(value).forEach(reach);
    else within(value - SLACK, value + SLACK).forEach(reach);
  };
  objects.filter(({ isConstant }) => !isConstant).forEach(reach);
  const constants = join(objects.filter(({ isConstant }) => isConstant).map(({ at, size }) => [at, at + size]));
  const held = new Map();
  for (const { from } of pointers) for (const object of within(from, from + 1)) {
    if (!held.has(object)) held.set(object, new Set());
    held.get(object).add(from - object.at);
  }
  const steps = new Map([...held].map(([object, places]) => [object, stepsOf(object.size, places)]));
  for (const { at, bytes } of readData(module)) {
    for (const [from, to] of without([[at, at + bytes.length]], constants)) {
      for (let i = Math.ceil(from / 4) * 4; i + 4 <= to; i += 4) {
        const value = bytes.readUInt32LE(i - at), next = i + 8 <= to ? bytes.readUInt32LE(i + 4 - at) : 0;
        if (value < first || value >= end) continue;
        within(value, value + 1).filter((object) => pointsTo(object, value, next, steps.get(object))).forEach(reach);
      }
    }
  }
  const imported = module.imports.length;
  module.code.forEach((code, i) => {
    if (isHot(i + imported)) eachNode(tree(code, module.types, typeOf).list, (node) => numbersOf(node).forEach(meet));
  });
  const out = new Map();
  for (const { from, to } of pointers) for (const object of within(from, from + 1)) {
    if (!out.has(object)) out.set(object, []);
    out.get(object).push(to);
  }
  while (todo.length) out.get(todo.pop())?.forEach(reach);

  const cold = [];
  for (const object of objects) if (!seen.has(object)) cold.push([object.at, object.at + object.size]);
  return without(join(cold), join([...seen].map(({ at, size }) => [at, at + size])));
}

// Whether a word of memory, before `next`, is an address in a constant and not a number that looks like one, as two small ones
// beside each other do: it is where the constant begins, or an element of a table that holds pointers itself, or in other
// constants, what it points to has its length or its end after it, as slices have.
function pointsTo({ at, size }, value, next, steps) {
  const left = at + size - value;
  if (value === at) return true;
  if (steps) return steps.some((step) => (value - at) % step === 0);
  return (next > 0 && next <= left) || (next > value && next <= at + size);
}

// How large the elements of a table may be: each of them holds a pointer at the same place. What has no such elements is no table of
// them, and anything in it may be pointed at.
function stepsOf(size, places) {
  const steps = [], fits = (step) => [...places].some((place) => place < step && everyStep(place, step, size, places));
  for (let step = 8; step < size; step += 4) if (size % step === 0 && fits(step)) steps.push(step);
  return steps.length ? steps : [4];
}

function everyStep(from, step, size, places) {
  for (let at = from; at < size; at += step) if (!places.has(at)) return false;
  return true;
}

// How far beside a constant an address may point that the linker did not note: tools add small numbers to addresses.
const SLACK = 64;

function eachNode(list, act) {
  for (const node of list) {
    act(node);
    node.lists?.forEach((inner) => eachNode(inner, act));
  }
}

// Numbers in an instruction that could be addresses. Tools put an address and a length together into one of 64 bits.
function numbersOf({ op, bytes }) {
  if (op === 0x41) return [new Reader(bytes, 1).s32() >>> 0];
  if (op === 0x42) {
    const value = new Reader(bytes, 1).s64();
    return [Number(value & 0xffffffffn), Number(value >> 32n & 0xffffffffn)];
  }
  if (op < 0x28 || op > 0x3e) return [];
  const r = new Reader(bytes, 1);
  r.u32();
  return [r.u32()];
}

// The number of starts that are below `value`.
function upper(starts, value) {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] < value) low = middle + 1; else high = middle;
  }
  return low;
}

/** Ranges in order, those that touch as one. */
export function join(ranges) {
  const out = [];
  for (const [from, to] of ranges.sort((a, b) => a[0] - b[0])) {
    const last = out.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to); else out.push([from, to]);
  }
  return out;
}

/** Ranges without those that are holes; both ascend. */
export function without(ranges, holes) {
  const out = [];
  let h = 0;
  for (let [from, to] of ranges) {
    while (h < holes.length && holes[h][1] <= from) h++;
    for (let i = h; i < holes.length && holes[i][0] < to; i++) {
      if (holes[i][0] > from) out.push([from, holes[i][0]]);
      from = Math.max(from, holes[i][1]);
    }
    if (from < to) out.push([from, to]);
  }
  return out;
}
