// Runs the workloads in Node and prints what the native benchmark prints: `id nanoseconds …`; CPU time, median of seven.
import { createRequire } from "node:module";
import { resolve } from "node:path";

const RUNS = 7;
const { Run, workloads } = createRequire(import.meta.url)(resolve(process.argv[2]));
const wanted = process.argv.slice(3);

function once(at) {
  const run = new Run(at);
  const before = process.cpuUsage().user;
  const text = run.run();
  return { nanoseconds: (process.cpuUsage().user - before) * 1000, text };
}

workloads().forEach((id, at) => {
  if (wanted.length && !wanted.includes(id)) return;
  const runs = Array.from({ length: RUNS }, () => once(at)).sort((a, b) => a.nanoseconds - b.nanoseconds);
  if (runs.some((run) => run.text !== runs[0].text)) throw new Error(`${id} ran twice and differed`);
  const median = runs[Math.floor(RUNS / 2)];
  console.log(id, median.nanoseconds, median.text);
});
