// Splits the page's module in two: what it needs until it can be used, and the rest, which comes right after. Run as
//   node split.mjs mark  in.wasm out.wasm                   stretches of instructions leave a mark when they run (marks.mjs)
//   node split.mjs split in.wasm ran.json linked.wasm first.wasm rest.wasm cold.json [n absent.bin]   ran.json: the numbers of
//                                                            the stretches that ran; linked.wasm: the module as linked, with
//                                                            the linker's notes; cold.json: where the rest's data stands
// A first part is split again, with `n` for what the names of shared things begin with: so the page comes in three, and each is
// loaded as it is needed. finish.mjs then puts them into the site.
//
// First, functions that run are relieved of what in them does not (cut.mjs). Then both modules keep the numbers of all
// functions. In the first, the body of a function that is elsewhere becomes a call through the table to its place there;
// before the rest has come, that loads it (www/start.js gives the function). In the rest it is the other way round. Memory,
// tables and globals are the first's, and all data that its functions can come by (data.mjs). wasm-opt then drops what nobody calls. Nothing is lost if the marks are
// poor: a function in the wrong module costs a wait or some bytes.
//
// What only the table names and is elsewhere has no body in the last first part: its slot, its type and the slot of what loads
// it are listed in absent.bin, and www/start.js makes such functions.
import { readFileSync, writeFileSync } from "node:fs";
import { cut } from "./cut.mjs";
import { withMarks } from "./marks.mjs";
import { OP, declare, emit, tree } from "./tree.mjs";
import { coldData, readData, readNotes, without } from "./data.mjs";
import { Reader, SECTION, leb, parse, sizedBody, sleb, text, vec, walk, write } from "./wasm.mjs";

// With more calls than this a stand-in is smaller.
const CALLS_BY_SLOT = 4;

const [task, ...given] = process.argv.slice(2);
let module = parse(readFileSync(given[0]));
const imported = module.imports.length;
let total = imported + module.functions.length;
const typeOf = (index) => index < imported ? module.imports[index].type : module.functions[index - imported];
const body = (locals, code) => sizedBody(Buffer.from([...vec(locals), ...code, 0x0b]));
const asEntry = ({ name, kind, index }) => [...text(name), kind, ...leb(index)];

({ mark, split })[task](...given);

/** Every stretch of instructions leaves a mark. */
function mark(_, out) {
  writeFileSync(out, withMarks(module));
}

function split(_, ranFile, linked, firstOut, restOut, coldFile, prefix = "", absentOut = undefined) {
  const whole = module.code.length;
  const made = cut(module, new Set(JSON.parse(readFileSync(ranFile)))), hot = new Set(made.hot);
  module = parse(made.bytes);
  total = imported + module.functions.length;
  for (let i = 0; i < imported; i++) hot.add(i);
  const size = (index) => module.code[index - imported].length;
  const callees = module.code.map((code) => { const called = new Set(); walk(code, (index) => called.add(index)); return called; });
  // A function no larger than the detour to it stays where it is called most; that is nearly always the first module. So do
  // detours to a part that was split off before: they begin by calling what loads it.
  const loaders = new Map(module.exports.filter(({ name, kind }) => kind === 3 && name === "load").map(({ index }) => {
    const slot = new Reader(module.globals[index].bytes, 3).s32(), start = Buffer.from([0, 0x41, ...sleb(slot), OP.callIndirect]);
    return [imported + module.code.findIndex((code) => start.equals(code.subarray(0, start.length))), slot];
  }));
  const loaderOf = (code) => code[0] === 0 && code[1] === OP.call ? loaders.get(new Reader(code, 2).u32()) : undefined;
  for (let i = imported; i < total; i++) if (size(i) <= 12 || loaderOf(module.code[i - imported]) !== undefined) hot.add(i);

  // What the rest brings must not be overwritten: it may come before what is split off now.
  const elsewhere = absentOut ? JSON.parse(readFileSync(coldFile)) : [];
  const cold = without(coldData(module, readNotes(readFileSync(linked)), (index) => hot.has(index), typeOf), elsewhere);
  if (!absentOut) writeFileSync(coldFile, JSON.stringify(cold));
  const apart = partData(cold);

  // Who must be reachable across the gap: called directly from the other side, or exported and elsewhere.
  const crossing = new Set();
  for (let i = imported; i < total; i++)
    for (const callee of callees[i - imported]) if (hot.has(i) !== hot.has(callee)) crossing.add(callee);
  for (const { kind, index } of module.exports) if (kind === 0 && !hot.has(index)) crossing.add(index);
  const segments = module.elements.filter((segment) => !segment.declared && segment.table === 0);
  if (segments.length !== module.elements.length) throw new Error("elements of more than one table");
  const slots = new Map();
  for (const { offset, functions } of segments) functions.forEach((index, i) => { if (!slots.has(index)) slots.set(index, offset + i); });
  const inTable = new Set(slots.keys());
  // Behind all slots that the table has, those too that another part fills.
  const room = new Reader(module.tables[0], 2);
  let end = Math.max(room.u32(), ...segments.map(({ offset, functions }) => offset + functions.length));
  const load = end++; // the slot of what loads the rest; once it is there, of nothing to do
  const added = [...crossing].filter((index) => !inTable.has(index)).sort((a, b) => a - b);
  for (const index of added) slots.set(index, end++);

  // Who is in the table and not in the first module, with the slot of what loads it.
  const absent = new Map();
  const loads = (index) => hot.has(index) ? loaderOf(module.code[index - imported]) : load;
  if (absentOut) for (const { offset, functions } of segments) functions.forEach((index, i) => {
    if (index >= imported && loads(index) !== undefined) absent.set(offset + i, { type: module.types[typeOf(index)], load: loads(index) });
  });

  // What the first module calls in few places needs no stand-in there: the call names its slot to one that serves all of a type.
  const calls = new Map();
  for (const from of hot) if (from >= imported) walk(module.code[from - imported], (index) => calls.set(index, (calls.get(index) ?? 0) + 1));
  const byName = new Set(module.exports.map(({ index }) => index));
  const isNamed = (index) => !hot.has(index) && !inTable.has(index) && !byName.has(index) && calls.get(index) <= CALLS_BY_SLOT;

  // One type more: no parameters, no result.
  const nothing = module.types.length;
  const types = [...module.types.map((type) => type.bytes), [0x60, 0, 0]];
  const ensure = total; // the number of one function more, in the first module
  const servers = new Map(); // by type; they follow
  const serverOf = (type) => {
    if (!servers.has(type)) {
      const { given, results } = module.types[type], gets = given.flatMap((_, i) => [0x20, ...leb(i)]);
      const code = body([], [0x10, ...leb(ensure), ...gets, 0x20, ...leb(given.length), 0x11, ...leb(type), 0]);
      const own = types.push([0x60, ...vec([...given, 0x7f].map((t) => [t])), ...vec(results.map((t) => [t]))]) - 1;
      servers.set(type, { index: ensure + 1 + servers.size, type: own, code });
    }
    return servers.get(type).index;
  };
  const bySlot = (node) => node.op === OP.call && isNamed(node.index)
    ? [0x41, ...sleb(slots.get(node.index)), OP.call, ...leb(serverOf(typeOf(node.index)))] : undefined;
  const withSlots = (code) => {
    const { locals, list } = tree(code, module.types, typeOf);
    return sizedBody(Buffer.concat([declare(locals), ...emit(list, bySlot), [OP.end]].map((part) => Buffer.from(part))));
  };
  const detour = (index, first) => {
    const type = typeOf(index), parameters = module.types[type].params;
    const code = first ? [0x10, ...leb(ensure)] : [];
    for (let p = 0; p < parameters; p++) code.push(0x20, ...leb(p));
    return body([], [...code, 0x41, ...sleb(slots.get(index)), 0x11, ...leb(type), 0]);
  };
  const unreachable = body([], [0x00]);
  const bodies = (mine, first) => module.code.map((code, i) => {
    const index = i + imported;
    if (mine(index)) return first ? withSlots(code) : sizedBody(code);
    return (crossing.has(index) && !(first && isNamed(index))) || (first && inTable.has(index) && !absentOut) ? detour(index, first) : unreachable;
  });
  const segment = (offset, functions) => [0, 0x41, ...sleb(offset), 0x0b, ...vec(functions.map((index) => leb(index)))];
  const runs = (wanted) => { // consecutive slots in one segment
    const out = [];
    for (const [slot, index] of wanted.sort((a, b) => a[0] - b[0])) {
      const last = out.at(-1);
      if (last && last[0] + last[1].length === slot) last[1].push(index); else out.push([slot, [index]]);
    }
    return out.map(([slot, functions]) => segment(slot, functions));
  };
  if (module.tables[0][0] !== 0x70) throw new Error("the first table holds no functions");
  const declared = Buffer.from([0x70, 0, ...leb(end)]); // the function table, with room for the added slots

  const shared = [
    ...module.memories.map((bytes, i) => ({ name: `${prefix}m${i}`, kind: 2, index: i, type: [2, ...bytes] })),
    ...module.tables.map((bytes, i) => ({ name: `${prefix}t${i}`, kind: 1, index: i, type: [1, ...(i ? bytes : declared)] })),
    ...module.globals.map((global, i) => ({ name: `${prefix}g${i}`, kind: 3, index: i, type: [3, ...global.type] })),
  ];
  const allSlots = segments.flatMap(({ offset, functions }) => functions.map((index, i) => [offset + i, index]));

  // A constant in the first module says which slot that is.
  const slotOfLoad = { name: `${prefix}load`, kind: 3, index: module.globals.length };
  const first = new Map(module.sections), firstBodies = bodies((index) => hot.has(index), true);
  first.set(SECTION.global, [...module.globals.map((global) => global.bytes), [0x7f, 0, 0x41, ...sleb(load), 0x0b]]);
  first.set(SECTION.type, types);
  first.set(SECTION.function, [...module.functions, nothing, ...[...servers.values()].map(({ type }) => type)].map(leb));
  first.set(SECTION.table, [declared, ...module.tables.slice(1)]);
  first.set(SECTION.export, [...module.exports, ...shared, slotOfLoad].map(asEntry));
  first.set(SECTION.element, runs([...allSlots.filter(([slot]) => !absent.has(slot)), ...added.filter((index) => hot.has(index)).map((index) => [slots.get(index), index])]));
  first.set(SECTION.code, [...firstBodies, body([], [0x41, ...sleb(load), 0x11, ...leb(nothing), 0]), ...[...servers.values()].map(({ code }) => code)]);
  first.set(SECTION.data, apart.first);
  writeFileSync(firstOut, write(first));
  if (absentOut) writeFileSync(absentOut, listed(absent));

  // The imports of the rest are the first's own, as its slots in the table; their numbers are kept by detours, so
  // they are functions here: imports first, as before.
  const later = new Map();
  const isCold = (index) => !hot.has(index);
  later.set(SECTION.type, types);
  later.set(SECTION.import, shared.map(({ name, type }) => [...text("first"), ...text(name), ...type]));
  later.set(SECTION.function, [...module.imports.map((i) => i.type), ...module.functions, nothing].map(leb));
  later.set(SECTION.element, runs([
    [load, ensure],
    ...allSlots.filter(([, index]) => isCold(index)),
    ...added.filter(isCold).map((index) => [slots.get(index), index]),
  ]));
  later.set(SECTION.code, [
    ...module.imports.map((_, index) => crossing.has(index) ? detour(index, false) : unreachable),
    ...bodies(isCold, false),
    body([], []),
  ]);
  later.set(SECTION.data, apart.rest);
  writeFileSync(restOut, write(later));
  const sum = (mine) => module.code.reduce((bytes, code, i) => bytes + (mine(i + imported) ? code.length : 0), 0);
  console.log(`${whole} functions with ${module.code.length - whole} cuts, ${hot.size - imported} first (${sum((i) => hot.has(i))} bytes of code), ` +
    `${sum(isCold)} bytes of code in the rest, ${crossing.size} reached across, slot ${load} loads`);
}

/** For www/start.js: kinds (a slot that loads, a function's type), then for each slot from 0 the number of its kind from 1, or 0. */
function listed(absent) {
  const kinds = new Map(), list = [];
  for (const [slot, { type, load }] of absent) {
    const kind = Buffer.from([...leb(load), ...vec(type.given.map((t) => [t])), ...vec(type.results.map((t) => [t]))]), key = kind.toString("hex");
    if (!kinds.has(key)) kinds.set(key, { kind, number: kinds.size + 1 });
    list[slot] = kinds.get(key).number;
  }
  if (kinds.size > 127) throw new Error("more kinds of absent functions than a byte tells apart");
  return Buffer.from([...vec([...kinds.values()].map(({ kind }) => [...kind])), ...vec(Array.from(list, (number) => [number ?? 0]))]);
}

/** The data without some ranges, which are zeros then, and with nothing but them. */
function partData(cold) {
  const segments = readData(module);
  const segment = ({ at, bytes }) => Buffer.concat([Buffer.from([0, 0x41, ...sleb(at), 0x0b, ...leb(bytes.length)]), bytes]);
  const rest = cold.flatMap(([from, to]) => segments.flatMap(({ at, bytes }) => {
    const [start, end] = [Math.max(from - at, 0), Math.min(to - at, bytes.length)];
    return start < end ? [{ at: at + start, bytes: Buffer.from(bytes.subarray(start, end)) }] : [];
  })).filter(({ bytes }) => bytes.some((byte) => byte));
  for (const [from, to] of cold) for (const { at, bytes } of segments) {
    if (from < at + bytes.length && to > at) bytes.fill(0, Math.max(from - at, 0), Math.min(to - at, bytes.length));
  }
  const sum = rest.reduce((all, { bytes }) => all + bytes.length, 0);
  console.log(`${sum} bytes of data in the rest, in ${rest.length} places`);
  return { first: segments.map(segment), rest: rest.map(segment) };
}
