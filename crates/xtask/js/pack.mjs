// Sorts the code of a module by kinds of bytes, so that hosts can pack it better; www/unpack.js says how and puts it back.
import { COUNT, NAME, body, unpack } from "../../../www/unpack.js";
import { Reader, SECTION, leb, text } from "./wasm.mjs";

/** The same module with its code in a custom section. */
export function pack(bytes) {
  const { from, to, code } = codeOf(bytes), streams = Array.from({ length: COUNT }, () => []);
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
  const sorted = Buffer.from([...text(NAME), ...leb(code.length), ...streams.flatMap(({ length }) => leb(length))]);
  const content = Buffer.concat([sorted, ...streams.map((stream) => Buffer.from(stream))]);
  const packed = Buffer.concat([bytes.subarray(0, from), Buffer.from([0, ...leb(content.length)]), content, bytes.subarray(to)]);
  const again = codeOf(Buffer.from(unpack(packed)));
  if (!again.code.every((one, i) => Buffer.compare(one, code[i]) === 0)) throw new Error("the code does not come out as it went in");
  return packed;
}

// Where the code section stands, and the functions in it.
function codeOf(bytes) {
  const r = new Reader(bytes, 8);
  while (r.at < bytes.length) {
    const from = r.at, id = r.byte(), section = r.take(r.u32());
    if (id === SECTION.code) return { from, to: r.at, code: new Reader(section).vec((one) => one.take(one.u32())) };
  }
  throw new Error("a module without code");
}
