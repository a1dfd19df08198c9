// Sorts the code of a module by kinds of bytes, so that hosts can pack it better; www/unpack.js says how and puts it back.
import { COUNT, NAME, body, number as streamOf, unpack } from "../../../www/unpack.js";
import { Reader, SECTION, leb, segment, text } from "./wasm.mjs";

/** The same module with its code and its table's functions in a custom section. */
export function pack(bytes) {
  const { from, to, table, code } = sections(bytes), streams = Array.from({ length: COUNT }, () => []);
  for (const one of code) {
    const r = new Reader(one);
    const take = (stream, from, turned = 0) => { for (let i = from; i < r.at; i++) streams[stream].push(one[i] ^ turned); };
    const number = (stream, turned) => {
      const from = r.at;
      r.skipLeb();
      take(stream, from, turned);
      return new Reader(one, from).u32();
    };
    const some = (stream, n) => {
      r.take(n);
      take(stream, r.at - n);
      return one[r.at - 1];
    };
    // Asked for before a constant.
    const next = () => {
      const ahead = new Reader(one, r.at);
      ahead.skipLeb();
      return one[ahead.at];
    };
    body(number, some, next);
    if (r.at !== one.length) throw new Error("an instruction that www/unpack.js does not know");
  }
  if (table.content) tabulate(new Reader(table.content).vec(segment), streams);
  const sorted = Buffer.from([...text(NAME), ...leb(code.length), ...leb(table.content?.length ?? 0), ...streams.flatMap(({ length }) => leb(length))]);
  const content = Buffer.concat([sorted, ...streams.map((stream) => Buffer.from(stream))]);
  const packed = Buffer.concat([bytes.subarray(0, table.from), bytes.subarray(table.to, from), Buffer.from([0, ...leb(content.length)]), content, bytes.subarray(to)]);
  const again = sections(Buffer.from(unpack(packed)));
  if (!again.code.every((one, i) => Buffer.compare(one, code[i]) === 0)) throw new Error("the code does not come out as it went in");
  if (table.content && Buffer.compare(table.content, again.table.content)) throw new Error("the table does not come out as it went in");
  return packed;
}

// The runs of a table's functions: how many, then of each the gap before it and its length; the functions as steps, odd ones down.
function tabulate(runs, streams) {
  let slot = 0, last = 0;
  streams[streamOf.run].push(...leb(runs.length));
  for (const { table, offset, functions } of runs) {
    if (table !== 0 || offset < slot) throw new Error("functions of another table, or runs that are out of order");
    streams[streamOf.run].push(...leb(offset - slot), ...leb(functions.length));
    slot = offset + functions.length;
    for (const index of functions) {
      streams[streamOf.entry].push(...leb(index < last ? (last - index) * 2 - 1 : (index - last) * 2));
      last = index;
    }
  }
}

// Where the element section stands, with what is in it, and the code section, and the functions in that.
function sections(bytes) {
  const r = new Reader(bytes, 8);
  let table = { from: 8, to: 8 };
  while (r.at < bytes.length) {
    const from = r.at, id = r.byte(), section = r.take(r.u32());
    if (id === SECTION.element) table = { from, to: r.at, content: section };
    if (id === SECTION.code) return { from, to: r.at, table, code: new Reader(section).vec((one) => one.take(one.u32())) };
  }
  throw new Error("a module without code");
}
