// Runs what every visitor's page would run first, once and here: node memory.mjs in.wasm out.wasm. The export `prepare`
// (crates/web/src/prepared.rs) boots the cluster of free play; the module that comes out begins with the memory as it is then.
// It is the engine's own work on the engine's own state, so a run that goes on from it has the digests of any other.
// Only the allocator is another while that runs: it gives and takes memory full of zeros, so that what was there before does
// not stay in the gaps between the things that are there now, where nobody reads it and every visitor would fetch it.
import { readFileSync, writeFileSync } from "node:fs";
import { Reader, SECTION, leb, parse, sizedBody, sleb, text, walk, write } from "./wasm.mjs";

const PAGE = 65536;
// So many zeros cost less than another segment, once packed.
const GAP = 1024;
const [source, out] = process.argv.slice(2);
const module = parse(readFileSync(source));

const { memory, values } = prepared();
const pages = new Reader(module.memories[0]);
const bounded = pages.byte(), heap = pages.u32() * PAGE;
if (bounded) throw new Error("the memory has a bound");
memory.fill(0, 0, values.before[0]); // what the calls left on the stack
const free = sweep(memory, heap);
const sections = new Map(module.sections), parts = runs(memory);
sections.set(SECTION.memory, [[0, ...leb(memory.length / PAGE)]]);
sections.set(SECTION.data, parts.map(({ at, bytes }) => Buffer.concat([Buffer.from([0, 0x41, ...sleb(at), 0x0b, ...leb(bytes.length)]), bytes])));
sections.delete(SECTION.dataCount); // nothing copies from segments
writeFileSync(out, write(sections));
console.log(`free play is up: ${memory.length - heap} bytes of heap, ${free} of them free`);

/** The memory after `prepare`, and the globals before and after: the stack pointer is the first. */
function prepared() {
  const sections = new Map(module.sections);
  const global = (i) => [...text(`g${i}`), 3, ...leb(i)];
  const entry = ({ name, kind, index }) => [...text(name), kind, ...leb(index)];
  sections.set(SECTION.export, [...module.exports.map(entry), ...module.globals.map((_, i) => global(i))]);
  cleansing(sections);
  const imports = {};
  for (const { from, name } of module.imports) {
    (imports[from] ??= {})[name] = () => { throw new Error(`prepare asks for ${name}, which only a browser has`); };
  }
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(write(sections)), imports);
  const look = () => module.globals.map((_, i) => exports[`g${i}`].value);
  const before = look();
  exports.prepare();
  const after = look();
  if (before.some((value, i) => value !== after[i])) throw new Error(`prepare changed globals: ${before} are ${after}`);
  return { memory: Buffer.from(exports.memory.buffer.slice(0)), values: { before, after } };
}

/**
 * Wraps the allocator: what `malloc` gives is filled with zeros first, and so is what is given back. Rust's `__rust_alloc` (size,
 * alignment) and `__rust_dealloc` (place, size) are what wasm-bindgen's exports call; dlmalloc's `malloc` (size) is the largest
 * function of its type that the first calls.
 */
function cleansing(sections) {
  const imported = module.imports.length, code = (index) => module.code[index - imported];
  const callees = (index) => { const found = []; walk(code(index), (callee) => callee >= imported && found.push(callee)); return found; };
  const typed = (given, results) => (index) => {
    const type = module.types[module.functions[index - imported]];
    return type.given.length === given && type.results.length === results;
  };
  const exported = (name) => module.exports.find((entry) => entry.name === name).index;
  const alloc = callees(exported("__wbindgen_malloc")).find(typed(2, 1)), dealloc = callees(exported("__wbindgen_free")).find(typed(2, 0));
  const below = [alloc, ...callees(alloc)].flatMap(callees).filter(typed(1, 1));
  const malloc = below.reduce((large, index) => code(index).length > code(large).length ? index : large, below[0]);
  if (!dealloc || !malloc || code(malloc).length < 1_000) throw new Error("the allocator was not found");

  const bodies = module.code.map((one) => sizedBody(one)), types = [...module.functions];
  const wrap = (index, locals, instructions) => {
    const own = imported + types.push(module.functions[index - imported]) - 1;
    bodies.push(sizedBody(code(index)));
    bodies[index - imported] = sizedBody(Buffer.from([...locals, ...instructions(leb(own)), 0x0b]));
  };
  const GET = 0x20, TEE = 0x22, CONST = 0x41, CALL = 0x10, FILL = [0xfc, 11, 0];
  wrap(malloc, [1, 1, 0x7f], (own) => [GET, 0, CALL, ...own, TEE, 1, 0x04, 0x40, GET, 1, CONST, 0, GET, 0, ...FILL, 0x0b, GET, 1]);
  wrap(dealloc, [0], (own) => [GET, 0, CONST, 0, GET, 1, ...FILL, GET, 0, GET, 1, CALL, ...own]);
  sections.set(SECTION.function, types.map(leb));
  sections.set(SECTION.code, bodies);
}

/**
 * Clears what the allocator (dlmalloc, as in Rust's standard library) has free; how many bytes. A chunk is a word of the one
 * before, a word with its size and two flags, and what it holds. A free one begins with links to others, up to six words, and
 * its size stands again behind it. Memory that does not read like that is left as it is.
 */
function sweep(memory, heap) {
  const word = (at) => memory.readUInt32LE(at);
  const found = [];
  for (let at = heap; at < memory.length;) {
    const size = word(at + 4) & ~7, isUsed = word(at + 4) & 2;
    if (size < 16 || at + size > memory.length) {
      if (memory.length - at > 64) return 0;
      break; // the end of the heap is marked by a chunk of its own
    }
    if (!isUsed) found.push([at + 32, at + size]);
    at += size;
  }
  for (const [from, to] of found) if (from < to) memory.fill(0, from, to);
  return found.reduce((sum, [from, to]) => sum + Math.max(0, to - from), 0);
}

/** The stretches of a memory that are not zero; short gaps are part of them. */
function runs(memory) {
  const out = [];
  for (let at = 0; at < memory.length; at++) {
    if (!memory[at]) continue;
    const last = out.at(-1);
    if (last && at - last.end <= GAP) last.end = at + 1; else out.push({ at, end: at + 1 });
  }
  return out.map(({ at, end }) => ({ at, bytes: memory.subarray(at, end) }));
}
