// Prints the size of every file below a folder: raw, gzip -9, brotli -11; the last line is the total.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

const folder = process.argv[2];
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && !/\.(br|gz)$/.test(entry.name))
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  .sort();
const row = (name, raw, gzip, brotli) =>
  console.log(name.padEnd(52), ...[raw, gzip, brotli].map((cell) => String(cell).padStart(10)));
const total = [0, 0, 0];
row("file", "raw", "gzip", "brotli");
for (const file of files) {
  const bytes = readFileSync(file);
  const sizes = [bytes.length, gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length];
  sizes.forEach((size, i) => (total[i] += size));
  row(file.slice(folder.length).replace(/^\//, ""), ...sizes);
}
row("total", ...total);
