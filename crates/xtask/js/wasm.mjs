// Reads a WebAssembly module into its sections and writes it again. Knows what rustc and wasm-bindgen produce (MVP, bulk
// memory, reference types, sign extension, saturating conversions, multi-value, tail calls); anything else is an error.

export const SECTION = { type: 1, import: 2, function: 3, table: 4, memory: 5, global: 6, export: 7, start: 8, element: 9,
  dataCount: 12, code: 10, data: 11 };
const ORDER = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

export class Reader {
  constructor(bytes, at = 0) { this.bytes = bytes; this.at = at; }
  byte() { return this.bytes[this.at++]; }
  u32() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }
  s32() {
    let value = 0, shift = 0, byte;
    do {
      byte = this.byte();
      value |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80);
    return shift < 32 && byte & 0x40 ? value | (-1 << shift) : value;
  }
  s64() {
    let value = 0n, shift = 0n, byte;
    do {
      byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
    } while (byte >= 0x80);
    return BigInt.asIntN(64, shift < 64n && byte & 0x40 ? value | (-1n << shift) : value);
  }
  skipLeb() { while (this.byte() >= 0x80); }
  take(length) { return this.bytes.subarray(this.at, (this.at += length)); }
  name() { return new TextDecoder().decode(this.take(this.u32())); }
  vec(read) { return Array.from({ length: this.u32() }, () => read(this)); }
}

export const leb = (value) => {
  const bytes = [];
  do { bytes.push((value & 0x7f) | (value > 0x7f ? 0x80 : 0)); value = Math.floor(value / 128); } while (value);
  return bytes;
};
export const sleb = (value) => {
  for (const bytes = []; ; value >>= 7) {
    const last = value >= -64 && value < 64;
    bytes.push((value & 0x7f) | (last ? 0 : 0x80));
    if (last) return bytes;
  }
};
export const text = (name) => { const bytes = new TextEncoder().encode(name); return [...leb(bytes.length), ...bytes]; };
export const vec = (items) => [...leb(items.length), ...items.flat()];
const sized = (bytes) => Buffer.concat([Buffer.from(leb(bytes.length)), bytes]);

export function parse(bytes) {
  if (Buffer.from(bytes.subarray(0, 8)).toString("hex") !== "0061736d01000000") throw new Error("not a WebAssembly module");
  const sections = new Map(), reader = new Reader(bytes, 8);
  while (reader.at < bytes.length) {
    const id = reader.byte(), body = reader.take(reader.u32());
    if (id) sections.set(id, body); // custom sections are for tools, and the last tool has run
  }
  const read = (id, item) => sections.has(id) ? new Reader(sections.get(id)).vec(item) : [];
  const raw = (item) => (r) => { const from = r.at; item(r); return r.bytes.subarray(from, r.at); };
  const module = {
    sections,
    types: read(SECTION.type, (r) => {
      const from = r.at;
      if (r.byte() !== 0x60) throw new Error("a type that is no function's");
      const given = r.vec((p) => p.byte()), results = r.vec((p) => p.byte());
      return { params: given.length, given, results, bytes: r.bytes.subarray(from, r.at) };
    }),
    imports: read(SECTION.import, (r) => {
      const [from, name, kind] = [r.name(), r.name(), r.byte()];
      if (kind !== 0) throw new Error(`import ${name} is no function`);
      return { from, name, type: r.u32() };
    }),
    functions: read(SECTION.function, (r) => r.u32()),
    tables: read(SECTION.table, raw((r) => { r.byte(); limits(r); })),
    memories: read(SECTION.memory, raw(limits)),
    globals: read(SECTION.global, (r) => {
      const from = r.at, type = [r.byte(), r.byte()];
      skipExpression(r);
      return { type, bytes: r.bytes.subarray(from, r.at) };
    }),
    exports: read(SECTION.export, (r) => ({ name: r.name(), kind: r.byte(), index: r.u32() })),
    elements: read(SECTION.element, segment),
    code: read(SECTION.code, (r) => r.take(r.u32())),
  };
  return module;
}

/** A run of a table's functions. */
export function segment(r) {
  const flags = r.u32();
  if (flags === 3) { r.byte(); return { declared: r.vec((e) => e.u32()) }; }
  const table = flags === 2 ? r.u32() : 0;
  if (flags !== 0 && flags !== 2) throw new Error(`an element segment of kind ${flags}`);
  if (r.byte() !== 0x41) throw new Error("an element segment at no constant place");
  const offset = r.u32();
  r.byte();
  if (flags === 2) r.byte();
  return { table, offset, functions: r.vec((e) => e.u32()) };
}

function limits(r) { const flags = r.byte(); r.u32(); if (flags & 1) r.u32(); }

function skipExpression(r) {
  for (;;) {
    const op = r.byte();
    if (op === 0x0b) return;
    if (op === 0x41 || op === 0x42 || op === 0xd2 || op === 0x23) r.skipLeb();
    else if (op === 0x43) r.at += 4;
    else if (op === 0x44) r.at += 8;
    else if (op === 0xd0) r.byte();
    else throw new Error(`instruction 0x${op.toString(16)} in a constant`);
  }
}

/** Calls `visit(kind, index)` for every function ("call") that a body names. Returns where its instructions begin. */
export function walk(body, visit) {
  const r = new Reader(body);
  r.vec((local) => { local.u32(); local.byte(); });
  const start = r.at;
  while (r.at < body.length) {
    const op = r.byte();
    if (op === 0x10 || op === 0x12 || op === 0xd2) visit(r.u32());
    else if (op >= 0x02 && op <= 0x04) r.skipLeb();
    else if (op === 0x0c || op === 0x0d || (op >= 0x20 && op <= 0x26) || op === 0x3f || op === 0x40 || op === 0xd0) r.skipLeb();
    else if (op === 0x0e) { r.vec((label) => label.u32()); r.u32(); }
    else if (op === 0x11 || op === 0x13) { r.u32(); r.u32(); }
    else if (op === 0x1c) r.vec((type) => type.byte());
    else if (op >= 0x28 && op <= 0x3e) { r.u32(); r.skipLeb(); }
    else if (op === 0x41 || op === 0x42) r.skipLeb();
    else if (op === 0x43) r.at += 4;
    else if (op === 0x44) r.at += 8;
    else if (op === 0xfc) {
      const sub = r.u32();
      if (sub >= 8 && sub <= 17) { r.u32(); if ([8, 10, 12, 14].includes(sub)) r.u32(); }
      else if (sub > 7) throw new Error(`instruction 0xfc ${sub}`);
    } else if (!(op <= 0x01 || op === 0x05 || op === 0x0b || op === 0x0f || op === 0x1a || op === 0x1b ||
      (op >= 0x45 && op <= 0xc4) || op === 0xd1)) throw new Error(`instruction 0x${op.toString(16)}`);
  }
  return start;
}

/** A module of the given sections: bodies by id, or lists of entries as bytes. */
export function write(sections) {
  const parts = [Buffer.from("0061736d01000000", "hex")];
  for (const id of ORDER) {
    let body = sections.get(id);
    if (Array.isArray(body)) {
      if (!body.length) continue;
      body = Buffer.concat([Buffer.from(leb(body.length)), ...body.map((entry) => Buffer.from(entry))]);
    }
    if (body) parts.push(Buffer.from([id]), sized(body));
  }
  return Buffer.concat(parts);
}

export const sizedBody = sized;
