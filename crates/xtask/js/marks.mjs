// Which stretches of a module run: every stretch of instructions that runs as a whole leaves a mark in memory, a byte each
// behind all else. Stretches are numbered as they stand in the module.
import { SECTION, Reader, leb, sizedBody, sleb, write } from "./wasm.mjs";
import { OP, declare, tree } from "./tree.mjs";

const PAGE = 65536;

/** The functions of a module as trees, in which `list.marks[i]` is the number of the stretch that begins before `list[i]`. */
export function stretches(module) {
  const imported = module.imports.length;
  const typeOf = (index) => index < imported ? module.imports[index].type : module.functions[index - imported];
  let count = 0;
  const number = (list) => {
    list.marks = [];
    list.forEach((node, i) => {
      const last = list[i - 1];
      if (!last || last.lists || last.op === OP.brIf) list.marks[i] = count++;
      node.lists?.forEach(number);
    });
  };
  const functions = module.code.map((code) => tree(code, module.types, typeOf));
  functions.forEach(({ list }) => number(list));
  return { functions, count: () => count };
}

/** The module with marks. They begin where its memory ended. */
export function withMarks(module) {
  const { functions, count } = stretches(module);
  const sections = new Map(module.sections), limits = new Reader(module.memories[0]);
  const bounded = limits.byte(), pages = limits.u32();
  if (bounded) throw new Error("the memory has a bound");
  sections.set(SECTION.memory, [[0, ...leb(pages + Math.ceil(count() / PAGE))]]);
  sections.set(SECTION.code, functions.map(({ locals, list }) => {
    const out = [];
    marked(list, pages * PAGE, out);
    return sizedBody(Buffer.concat([declare(locals), ...out, [OP.end]].map((part) => Buffer.from(part))));
  }));
  return write(sections);
}

/** Where the marks begin, and how many there are. */
export function place(module) {
  const limits = new Reader(module.memories[0]);
  limits.byte();
  return { from: limits.u32() * PAGE, count: stretches(module).count() };
}

function marked(list, base, out) {
  list.forEach((node, i) => {
    const mark = list.marks[i];
    if (mark !== undefined) out.push([0x41, ...sleb(base + mark), 0x41, 1, 0x3a, 0, 0]);
    if (!node.lists) return out.push(node.bytes);
    out.push([node.op], node.type);
    marked(node.lists[0], base, out);
    if (node.lists[1]) { out.push([OP.else]); marked(node.lists[1], base, out); }
    out.push([OP.end]);
  });
}
