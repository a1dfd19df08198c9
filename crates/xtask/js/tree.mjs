// The instructions of a function as a tree: blocks, loops and ifs hold lists of what is in them. Knows what wasm.mjs knows.
import { Reader, leb } from "./wasm.mjs";

export const OP = { unreachable: 0x00, block: 0x02, loop: 0x03, if: 0x04, else: 0x05, end: 0x0b, br: 0x0c, brIf: 0x0d,
  brTable: 0x0e, return: 0x0f, call: 0x10, callIndirect: 0x11, get: 0x20, set: 0x21, tee: 0x22 };

/**
 * Reads a body: `{ locals, list }`, with `locals` the types of the declared ones. A node has `op`, `bytes` and `rise`, by how
 * much it lifts the operand stack (undefined if what follows cannot be reached). Blocks have `type` (as bytes), `results`
 * and `lists`; branches `labels`; accesses of locals and calls `index`. `types` are the module's, `typeOf` gives a function's.
 */
export function tree(body, types, typeOf) {
  const r = new Reader(body);
  const locals = r.vec((l) => { const n = l.u32(), type = l.byte(); return Array(n).fill(type); }).flat();
  const list = readList(r, types, typeOf).list;
  return { locals, list };
}

function readList(r, types, typeOf) {
  const list = [];
  for (;;) {
    const from = r.at, op = r.byte();
    if (op === OP.end || op === OP.else) return { list, end: op };
    list.push({ ...readOne(r, op, types, typeOf), op, bytes: r.bytes.subarray(from, r.at) });
  }
}

const UNARY = [[0x45, 0x45], [0x50, 0x50], [0x67, 0x69], [0x79, 0x7b], [0x8b, 0x91], [0x99, 0x9f], [0xa7, 0xc4]];
const isUnary = (op) => UNARY.some(([from, to]) => from <= op && op <= to);

function readOne(r, op, types, typeOf) {
  switch (op) {
    case OP.unreachable: return {};
    case 0x01: return { rise: 0 };
    case OP.block: case OP.loop: case OP.if: return readBlock(r, op, types, typeOf);
    case OP.br: return { labels: [r.u32()] };
    case OP.brIf: return { labels: [r.u32()], rise: -1 };
    case OP.brTable: return { labels: [...r.vec((label) => label.u32()), r.u32()] };
    case OP.return: return {};
    case OP.call: { const index = r.u32(), type = types[typeOf(index)]; return { index, rise: type.results.length - type.params }; }
    case OP.callIndirect: {
      const type = types[r.u32()];
      return r.u32(), { rise: type.results.length - type.params - 1 };
    }
    case 0x1a: return { rise: -1 };
    case 0x1b: return { rise: -2 };
    case 0x1c: return r.vec((type) => type.byte()), { rise: -2 };
    case OP.get: return { index: r.u32(), rise: 1 };
    case OP.set: return { index: r.u32(), rise: -1 };
    case OP.tee: return { index: r.u32(), rise: 0 };
    case 0x23: case 0x3f: case 0xd0: case 0xd2: return r.skipLeb(), { rise: 1 };
    case 0x24: return r.skipLeb(), { rise: -1 };
    case 0x25: case 0x40: return r.skipLeb(), { rise: 0 };
    case 0x26: return r.skipLeb(), { rise: -2 };
    case 0x41: case 0x42: return r.skipLeb(), { rise: 1 };
    case 0x43: return r.take(4), { rise: 1 };
    case 0x44: return r.take(8), { rise: 1 };
    case 0xd1: return { rise: 0 };
    case 0xfc: return readMore(r);
  }
  if (0x28 <= op && op <= 0x3e) return r.u32(), r.skipLeb(), { rise: op < 0x36 ? 0 : -2 };
  if (0x45 <= op && op <= 0xc4) return { rise: isUnary(op) ? 0 : -1 };
  throw new Error(`instruction 0x${op.toString(16)}`);
}

function readBlock(r, op, types, typeOf) {
  const from = r.at, first = r.byte();
  let results = first === 0x40 ? [] : [first];
  if (first < 0x40 || first >= 0x80) {
    r.at = from;
    const type = types[r.u32()];
    if (type.params) throw new Error("a block with parameters");
    results = type.results;
  }
  const type = r.bytes.subarray(from, r.at);
  const read = readList(r, types, typeOf), lists = [read.list];
  if (read.end === OP.else) lists.push(readList(r, types, typeOf).list);
  return { type, results, lists, rise: results.length - (op === OP.if ? 1 : 0) };
}

function readMore(r) {
  const sub = r.u32();
  if (sub <= 7) return { rise: 0 };
  const rise = { 8: -3, 9: 0, 10: -3, 11: -3, 12: -3, 13: 0, 14: -3, 15: -1, 16: 1, 17: -3 }[sub];
  if (rise === undefined) throw new Error(`instruction 0xfc ${sub}`);
  r.u32();
  if ([8, 10, 12, 14].includes(sub)) r.u32();
  return { rise };
}

/** The instructions of a list as bytes; `leaf(node, depth)` may give other bytes than a node's own. */
export function emit(list, leaf, depth = 0, out = []) {
  for (const node of list) {
    if (!node.lists) { out.push(leaf?.(node, depth) ?? node.bytes); continue; }
    out.push([node.op], node.type);
    emit(node.lists[0], leaf, depth + 1, out);
    if (node.lists[1]) { out.push([OP.else]); emit(node.lists[1], leaf, depth + 1, out); }
    out.push([OP.end]);
  }
  return out;
}

/** Declarations of locals, of these types. */
export function declare(types) {
  const runs = [];
  for (const type of types) {
    if (runs.at(-1)?.[1] === type) runs.at(-1)[0]++; else runs.push([1, type]);
  }
  return [...leb(runs.length), ...runs.flatMap(([n, type]) => [...leb(n), type])];
}
