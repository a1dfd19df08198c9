// A share link for a scenario, as the engine packs it (`crates/lab/src/link.rs`): deflated JSON with a checksum. The digest
// is left open, so the page says that the replay may differ.
import { deflateRawSync } from "node:zlib";

const MASK = (1n << 64n) - 1n;
const [P1, P2, P3] = [0x9e3779b97f4a7c15n, 0xbf58476d1ce4e5b9n, 0x94d049bb133111ebn];

// The engine's hash of a text (`crates/kernel/src/hash.rs`).
function hash(text) {
  let state = 0n;
  const mix = (word) => {
    let x = ((state ^ word) * P1) & MASK;
    x ^= x >> 29n;
    x = (x * P2) & MASK;
    state = ((x << 23n) | (x >> 41n)) & MASK;
  };
  const bytes = Buffer.from(text);
  for (let i = 0; i < bytes.length; i += 8) {
    const rest = bytes.subarray(i, i + 8);
    const word = Buffer.concat([rest, Buffer.alloc(8 - rest.length)]).readBigUInt64LE();
    mix(rest.length === 8 ? word : word ^ (BigInt(rest.length) << 56n));
  }
  mix(0xffn);
  let x = state;
  x = ((x ^ (x >> 30n)) * P2) & MASK;
  x = ((x ^ (x >> 27n)) * P3) & MASK;
  return x ^ (x >> 31n);
}

// The fragment that opens a scenario at the start of its run, or `ms` later.
export function linkTo(scenario, ms = 0) {
  const event = ms ? Number.MAX_SAFE_INTEGER : 0, at_ns = 10_000_000_000 + ms * 1_000_000;
  const saved = { v: 1, engine: "0.1.0", scenario: { kafkasim: 1, ...scenario }, log: [], event, at_ns, digest: "0".repeat(16) };
  const text = deflateRawSync(JSON.stringify(saved), { level: 9 }).toString("base64url");
  const sum = Buffer.alloc(8);
  sum.writeBigUInt64LE(hash(text));
  return `#s=1.${text}.${sum.subarray(0, 3).toString("base64url")}`;
}
