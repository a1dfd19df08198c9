// Splits the page's module into what it needs until it can be used, and what comes right after. Run as
//   node split.mjs mark  in.wasm out.wasm                   stretches of instructions leave a mark when they run (marks.mjs)
//   node split.mjs cut   in.wasm ran.json out.wasm hot.json what does not run is cut out of the functions that do (cut.mjs);
//                                                            ran.json: the numbers of the stretches that ran; hot.json: of the
//                                                            functions that did
//   node split.mjs split in.wasm hot.json linked.wasm first.wasm rest.wasm state.json open ran.json open.wasm
//   node split.mjs split in.wasm hot.json linked.wasm first.wasm next.wasm state.json next absent.bin
//                                                            linked.wasm: the module as linked, with the linker's notes;
//                                                            state.json: what the second time must know of the first
// The first time what is not hot is parted again: what ran in other visits goes into open.wasm. The second time the first part is
// split. So the page comes in four parts, and each is loaded as it is needed. finish.mjs then puts them into the site.
//
// All modules keep the numbers of all functions. In the first, the body of a function that is elsewhere becomes a call through
// the table to its place there; before that has come, www/start.js is asked to load it, and told the place. In the others it is
// the other way round. Memory, tables and globals are the first's, and all data that its functions can come by (data.mjs).
// wasm-opt then drops what nobody calls. Nothing is lost if the marks are poor: a function in the wrong module costs a wait or some bytes.
//
// What only the table names and is elsewhere has no body in the last first part: its slot, its type and the slot of what loads
// it are listed in absent.bin, and www/start.js makes such functions.
import { readFileSync, writeFileSync } from "node:fs";
import { cut } from "./cut.mjs";
import { withMarks } from "./marks.mjs";
import { OP, declare, emit, tree } from "./tree.mjs";
import { coldData, join, readData, readNotes, without } from "./data.mjs";
import { Reader, SECTION, leb, parse, sizedBody, sleb, text, vec, walk, write } from "./wasm.mjs";

// With more calls than this a stand-in is smaller.
const CALLS_BY_SLOT = 4;
// A detour takes about so many bytes.
const SMALL = 20;

const [task, ...given] = process.argv.slice(2);
let module = parse(readFileSync(given[0]));
const imported = module.imports.length;
let total = imported + module.functions.length;
const typeOf = (index) => index < imported ? module.imports[index].type : module.functions[index - imported];
const body = (locals, code) => sizedBody(Buffer.from([...vec(locals), ...code, 0x0b]));
const asEntry = ({ name, kind, index }) => [...text(name), kind, ...leb(index)];

({ mark, cut: apart, split })[task](...given);

/** Every stretch of instructions leaves a mark. */
function mark(_, out) {
  writeFileSync(out, withMarks(module));
}

function apart(_, ranFile, out, hotFile) {
  const made = cut(module, new Set(JSON.parse(readFileSync(ranFile))));
  console.log(`${module.code.length} functions with ${made.cut}`);
  writeFileSync(out, made.bytes);
  writeFileSync(hotFile, JSON.stringify(made.hot));
}

function split(_, hotFile, linked, firstOut, restOut, stateFile, kind, ...more) {
  const isLast = kind === "next", prefix = isLast ? "n" : "", hot = new Set(JSON.parse(readFileSync(hotFile))), warm = new Set();
  const [absentOut] = isLast ? more : [], [ranFile, openOut] = isLast ? [] : more;
  if (ranFile) {
    const made = cut(module, new Set(JSON.parse(readFileSync(ranFile))), hot);
    made.hot.forEach((index) => warm.add(index));
    module = parse(made.bytes);
  }
  total = imported + module.functions.length;
  for (let i = 0; i < imported; i++) hot.add(i);
  const size = (index) => module.code[index - imported].length;
  const callees = module.code.map((code) => { const called = new Set(); walk(code, (index) => called.add(index)); return called; });
  // A function no larger than the detour to it stays in the first module if it is called there, or by a place in the table. So do
  // detours to a part that was split off before: they begin by calling what loads it.
  const loaders = new Map(module.exports.filter(({ name, kind }) => kind === 3 && name.endsWith("load")).map(({ index }) => {
    const slot = new Reader(module.globals[index].bytes, 3).s32(), start = Buffer.from([0, OP.get, 0, 0x41, ...sleb(slot), OP.callIndirect]);
    return [imported + module.code.findIndex((code) => start.equals(code.subarray(0, start.length))), slot];
  }));
  const loaderOf = (code) => {
    if (code[0] !== 0 || ![0x41, OP.get].includes(code[1])) return undefined;
    const r = new Reader(code, 2);
    r.skipLeb();
    return r.byte() === OP.call ? loaders.get(r.u32()) : undefined;
  };
  for (let i = imported; i < total; i++) if (loaderOf(module.code[i - imported]) !== undefined) hot.add(i);
  const small = (index) => !hot.has(index) && size(index) <= SMALL;
  for (const from of hot) if (from >= imported) callees[from - imported].forEach((index) => small(index) && hot.add(index)); // grows as it goes
  for (const segment of module.elements) segment.functions.forEach((index) => small(index) && hot.add(index));
  const partOf = (index) => hot.has(index) ? 0 : warm.has(index) ? 1 : 2;

  // What the others bring must not be overwritten: they may come before what is split off now.
  const known = isLast ? JSON.parse(readFileSync(stateFile)) : { data: [] }, notes = readNotes(readFileSync(linked));
  const coldTo = (parts) => without(coldData(module, notes, (index) => partOf(index) < parts, typeOf), known.data);
  const cold = coldTo(1), coldest = warm.size ? coldTo(2) : cold;
  const data = partData([without(cold, coldest), coldest]);

  // Who must be reachable across the gap: called directly from the other side, or exported and elsewhere.
  const crossing = new Set();
  for (let i = imported; i < total; i++)
    for (const callee of callees[i - imported]) if (partOf(i) !== partOf(callee)) crossing.add(callee);
  for (const { kind, index } of module.exports) if (kind === 0 && !hot.has(index)) crossing.add(index);
  const segments = module.elements.filter((segment) => !segment.declared && segment.table === 0);
  if (segments.length !== module.elements.length) throw new Error("elements of more than one table");
  const slots = new Map();
  for (const { offset, functions } of segments) functions.forEach((index, i) => { if (!slots.has(index)) slots.set(index, offset + i); });
  const inTable = new Set(slots.keys());
  // Behind all slots that the table has, those too that another part fills.
  const room = new Reader(module.tables[0], 2);
  let end = Math.max(room.u32(), ...segments.map(({ offset, functions }) => offset + functions.length));
  const named = known.slots ?? end; // before them are the slots that the engine's own table has
  writeFileSync(stateFile, JSON.stringify({ data: join([...known.data, ...cold]), slots: named }));
  const load = end++; // the slot of what loads the others, given a slot; once they are there, of nothing to do
  // Those of a part are neighbours: so few lists fill them.
  const added = [...crossing].filter((index) => !inTable.has(index)).sort((a, b) => partOf(a) - partOf(b) || a - b);
  for (const index of added) slots.set(index, end++);

  // Who is in the table and not in the first module, with the slot of what loads it. Slots of an earlier split have no need for
  // that: what was split off before comes after this (www/start.js).
  const absent = new Map(), empty = new Set();
  const loads = (index) => hot.has(index) ? loaderOf(module.code[index - imported]) : load;
  if (absentOut) for (const { offset, functions } of segments) functions.forEach((index, i) => {
    const slot = offset + i, by = index < imported ? undefined : loads(index);
    if (by !== undefined && slot < named) absent.set(slot, { type: module.types[typeOf(index)], load: by });
    if (by !== undefined) empty.add(slot);
  });

  // What the first module calls in few places needs no stand-in there: the call names its slot to one that serves all of a type.
  const calls = new Map();
  for (const from of hot) if (from >= imported) walk(module.code[from - imported], (index) => calls.set(index, (calls.get(index) ?? 0) + 1));
  const byName = new Set(module.exports.map(({ index }) => index));
  const isNamed = (index) => !hot.has(index) && !inTable.has(index) && !byName.has(index) && calls.get(index) <= CALLS_BY_SLOT;

  // One type more: it takes a slot.
  const ofSlot = module.types.length;
  const types = [...module.types.map((type) => type.bytes), [0x60, 1, 0x7f, 0]];
  const ensure = total; // the number of one function more: what is in this slot is there
  const ensuring = body([], [OP.get, 0, 0x41, ...sleb(load), OP.callIndirect, ...leb(ofSlot), 0]);
  const servers = new Map(); // by type; they follow
  const serverOf = (type) => {
    if (!servers.has(type)) {
      const { given, results } = module.types[type], gets = given.flatMap((_, i) => [0x20, ...leb(i)]);
      const slot = [OP.get, ...leb(given.length)], code = body([], [...slot, OP.call, ...leb(ensure), ...gets, ...slot, OP.callIndirect, ...leb(type), 0]);
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
  const detour = (index, isAsked) => {
    const type = typeOf(index), parameters = module.types[type].params, slot = [0x41, ...sleb(slots.get(index))];
    const code = isAsked ? [...slot, OP.call, ...leb(ensure)] : [];
    for (let p = 0; p < parameters; p++) code.push(OP.get, ...leb(p));
    return body([], [...code, ...slot, OP.callIndirect, ...leb(type), 0]);
  };
  // Who calls what is in a later part has it loaded; what is in an earlier one is there.
  const unreachable = body([], [0x00]);
  const bodies = (part) => module.code.map((code, i) => {
    const index = i + imported;
    if (partOf(index) === part) return part ? sizedBody(code) : withSlots(code);
    const isCalled = part ? crossing.has(index) : (crossing.has(index) && !isNamed(index)) || (inTable.has(index) && !absentOut);
    return isCalled ? detour(index, partOf(index) > part) : unreachable;
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
  const first = new Map(module.sections), firstBodies = bodies(0); // which finds out what servers there are
  first.set(SECTION.global, [...module.globals.map((global) => global.bytes), [0x7f, 0, 0x41, ...sleb(load), 0x0b]]);
  first.set(SECTION.type, types);
  first.set(SECTION.function, [...module.functions, ofSlot, ...[...servers.values()].map(({ type }) => type)].map(leb));
  first.set(SECTION.table, [declared, ...module.tables.slice(1)]);
  first.set(SECTION.export, [...module.exports, ...shared, slotOfLoad].map(asEntry));
  first.set(SECTION.element, runs([...allSlots.filter(([slot]) => !empty.has(slot)), ...added.filter((index) => hot.has(index)).map((index) => [slots.get(index), index])]));
  first.set(SECTION.code, [...firstBodies, ensuring, ...[...servers.values()].map(({ code }) => code)]);
  first.set(SECTION.data, data.first);
  writeFileSync(firstOut, write(first));
  if (absentOut) writeFileSync(absentOut, listed(absent));

  // The imports of the others are the first's own, as its slots in the table; their numbers are kept by detours, so
  // they are functions here: imports first, as before.
  const other = (part) => {
    const sections = new Map(), isMine = ([, index]) => partOf(index) === part;
    sections.set(SECTION.type, types);
    sections.set(SECTION.import, shared.map(({ name, type }) => [...text("first"), ...text(name), ...type]));
    sections.set(SECTION.function, [...module.imports.map((i) => i.type), ...module.functions, ofSlot].map(leb));
    sections.set(SECTION.element, runs([
      ...(part === 2 ? [[load, ensure]] : []),
      ...allSlots.filter(isMine),
      ...added.map((index) => [slots.get(index), index]).filter(isMine),
    ]));
    const imports = module.imports.map((_, index) => crossing.has(index) ? detour(index, false) : unreachable);
    sections.set(SECTION.code, [...imports, ...bodies(part), part === 2 ? body([], []) : ensuring]);
    sections.set(SECTION.data, data.others[part - 1]);
    return write(sections);
  };
  if (openOut) writeFileSync(openOut, other(1));
  writeFileSync(restOut, other(2));
  const sum = (part) => module.code.reduce((bytes, code, i) => bytes + (partOf(i + imported) === part ? code.length : 0), 0);
  console.log(`bytes of code: ${sum(0)} first, ${sum(1)} opening, ${sum(2)} in the rest; ${crossing.size} functions reached across, slot ${load} loads`);
}

/** For www/start.js: kinds (a slot that loads, a function's type), then for each slot from 0 the number of its kind from 1, or 0. */
function listed(absent) {
  const kinds = new Map(), list = [];
  for (const [slot, { type, load }] of absent) {
    const kind = Buffer.from([...leb(load), ...vec(type.given.map((t) => [t])), ...vec(type.results.map((t) => [t]))]), key = kind.toString("hex");
    if (!kinds.has(key)) kinds.set(key, { kind, number: kinds.size + 1 });
    list[slot] = kinds.get(key).number;
  }
  return Buffer.from([...vec([...kinds.values()].map(({ kind }) => [...kind])), ...vec(Array.from(list, (number) => leb(number ?? 0)))]);
}

/** The data without some lists of ranges, which are zeros then, and what is in each list. */
function partData(lists) {
  const segments = readData(module);
  const segment = ({ at, bytes }) => Buffer.concat([Buffer.from([0, 0x41, ...sleb(at), 0x0b, ...leb(bytes.length)]), bytes]);
  const others = lists.map((ranges) => ranges.flatMap(([from, to]) => segments.flatMap(({ at, bytes }) => {
    const [start, end] = [Math.max(from - at, 0), Math.min(to - at, bytes.length)];
    return start < end ? [{ at: at + start, bytes: Buffer.from(bytes.subarray(start, end)) }] : [];
  })).filter(({ bytes }) => bytes.some((byte) => byte)));
  for (const [from, to] of lists.flat()) for (const { at, bytes } of segments) {
    if (from < at + bytes.length && to > at) bytes.fill(0, Math.max(from - at, 0), Math.min(to - at, bytes.length));
  }
  const sums = others.map((list) => list.reduce((all, { bytes }) => all + bytes.length, 0));
  console.log(`bytes of data: ${sums[0]} opening, ${sums[1]} in the rest`);
  return { first: segments.map(segment), others: others.map((list) => list.map(segment)) };
}
