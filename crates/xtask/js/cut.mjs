// Cuts out of the functions that run what in them does not. The tail of a block that did not run becomes a function of its
// own: it is given the locals that it reads, and gives back those it may have changed, and where to go on if there is more
// than one place. What is left of a function is then mostly what runs; split.mjs puts the cut ones into the second module.
import { SECTION, leb, sizedBody, sleb, vec, walk, write } from "./wasm.mjs";
import { OP, declare, emit } from "./tree.mjs";
import { stretches } from "./marks.mjs";

const [I32, I64, F32, F64] = [0x7f, 0x7e, 0x7d, 0x7c];
const ZERO = { [I32]: [0x41, 0], [I64]: [0x42, 0], [F32]: [0x43, 0, 0, 0, 0], [F64]: [0x44, 0, 0, 0, 0, 0, 0, 0, 0] };
// A cut must save at least so many bytes.
const GAIN = 3;
// The end of a loop's body, which is no label.
const FALL = -1;

/**
 * `{ bytes, hot, cut }`: the module with its cuts, the numbers of functions that run, and of the first cut one. Those to `keep` stay
 * whole, and so does the allocator, which runs: its way through the heap is another at each visitor's.
 */
export function cut(module, ran, keep = new Set()) {
  const imported = module.imports.length, { functions } = stretches(module);
  const types = module.types.map((type) => type.bytes), known = new Map(types.map((bytes, i) => [bytes.toString("hex"), i]));
  const typeOf = (given, results) => {
    const bytes = Buffer.from([0x60, ...vec(given.map((t) => [t])), ...vec(results.map((t) => [t]))]), key = bytes.toString("hex");
    if (!known.has(key)) known.set(key, types.push(bytes) - 1);
    return known.get(key);
  };
  const made = [], whole = allocator(module), hot = [...whole].filter((index) => !keep.has(index));
  const code = functions.map(({ locals, list }, i) => {
    if (whole.has(i + imported)) return sizedBody(module.code[i]);
    if (keep.has(i + imported) || list.marks[0] === undefined || !ran.has(list.marks[0])) return sizedBody(module.code[i]);
    hot.push(i + imported);
    const type = module.types[module.functions[i]];
    const all = [...type.given, ...locals], own = { locals: all, temps: new Map(), results: type.results };
    plan(list, ran, own);
    if (!own.isCut) return sizedBody(module.code[i]);
    live(list, 0n, [0n]);
    const make = (body) => {
      made.push({ type: typeOf(body.given, body.results), code: body.code });
      return imported + functions.length + made.length - 1;
    };
    const out = rewrite(list, "function", [type.results], own, make);
    return sizedBody(Buffer.concat([declare(all.slice(type.given.length)), ...out, [OP.end]].map((p) => Buffer.from(p))));
  });
  const sections = new Map(module.sections);
  sections.set(SECTION.type, types);
  sections.set(SECTION.function, [...module.functions, ...made.map(({ type }) => type)].map(leb));
  sections.set(SECTION.code, [...code, ...made.map((body) => sizedBody(body.code))]);
  return { bytes: write(sections), hot, cut: imported + functions.length };
}

/** The numbers of the allocator's functions: what wasm-bindgen's exports call, and what that calls. */
function allocator(module) {
  const imported = module.imports.length, found = new Set();
  const follow = (index, depth) => walk(module.code[index - imported], (callee) => {
    if (callee < imported || found.has(callee)) return;
    found.add(callee);
    if (depth > 1) follow(callee, depth - 1);
  });
  for (const { name, kind, index } of module.exports) if (kind === 0 && /^__wbindgen_(malloc|realloc|free)$/.test(name)) follow(index, 2);
  if (found.size < 3) throw new Error("the allocator was not found");
  return found;
}

/** Notes in every list that runs where its tail could be cut off: `list.cut`. */
function plan(list, ran, own) {
  let height = 0, isCold = false, from = 0;
  for (; from < list.length && height !== undefined; from++) {
    if (list.marks[from] !== undefined && !ran.has(list.marks[from])) isCold = true;
    if (isCold && height === 0) break;
    height = list[from].rise === undefined ? undefined : height + list[from].rise;
  }
  const tail = height === 0 ? list.slice(from) : [];
  if (isCold && tail.length && size(tail) > GAIN + 4 && isPlain(tail, own.locals)) own.isCut = list.cut = from || -1;
  const kept = list.cut === undefined ? list : list.slice(0, from);
  for (const node of kept) node.lists?.forEach((inner) => plan(inner, ran, own));
}

const size = (list) => list.reduce((sum, node) => sum + (node.lists ? 3 + size(node.lists.flat()) : node.bytes.length), 0);

// Only numbers go in and out of a cut.
function isPlain(list, locals) {
  return list.every((node) => node.lists ? node.results.every((t) => t in ZERO) && node.lists.every((l) => isPlain(l, locals))
    : ![OP.get, OP.set, OP.tee].includes(node.op) || locals[node.index] in ZERO);
}

/**
 * The locals whose values matter before a list, as bits, if those of `out` do after it and those of `labels` where its
 * branches go. Leaves both at the lists that will be cut.
 */
function live(list, out, labels) {
  if (list.cut !== undefined) list.live = { labels: [...labels], out };
  const at = (label) => labels[labels.length - 1 - label];
  const within = (inner, after, label) => {
    labels.push(label);
    const before = live(inner, after, labels);
    labels.pop();
    return before;
  };
  let now = out;
  for (let i = list.length - 1; i >= 0; i--) {
    const node = list[i], bit = 1n << BigInt(node.index ?? 0);
    if (node.op === OP.unreachable || node.op === OP.return) now = 0n;
    else if (node.op === OP.br || node.op === OP.brTable) now = node.labels.reduce((all, label) => all | at(label), 0n);
    else if (node.op === OP.brIf) now |= at(node.labels[0]);
    else if (node.op === OP.get) now |= bit;
    else if (node.op === OP.set || node.op === OP.tee) now &= ~bit;
    else if (node.op === OP.block) now = within(node.lists[0], now, now);
    else if (node.op === OP.if) {
      const after = now;
      now = node.lists.reduce((all, inner) => all | within(inner, after, after), node.lists[1] ? 0n : after);
    } else if (node.op === OP.loop) {
      let start = 0n;
      for (;;) {
        const before = within(node.lists[0], now, start);
        if ((before | start) === start) break;
        start |= before;
      }
      now = start;
    }
  }
  return now;
}

/** The list with its tails cut off. `labels` are the types that branches carry, innermost last. */
function rewrite(list, kind, labels, own, make, out = []) {
  const from = list.cut === undefined ? list.length : Math.max(list.cut, 0);
  for (const node of list.slice(0, from)) {
    if (!node.lists) { out.push(node.bytes); continue; }
    out.push([node.op], node.type);
    const carried = [...labels, node.op === OP.loop ? [] : node.results];
    node.lists.forEach((inner, i) => {
      if (i) out.push([OP.else]);
      rewrite(inner, node, carried, own, make, out);
    });
    out.push([OP.end]);
  }
  if (from < list.length) out.push(...detour(list, from, kind, labels, own, make));
  return out;
}

/** What stands where the tail of a list stood. */
function detour(list, from, kind, labels, own, make) {
  const tail = list.slice(from), isLoop = kind.op === OP.loop;
  const results = kind === "function" ? own.results : kind.results;
  const carried = (exit) => exit === FALL ? results : labels[labels.length - 1 - exit];
  const lives = (exit) => exit === FALL ? list.live.out : list.live.labels[labels.length - 1 - exit];
  const exits = exitsOf(tail, isLoop ? FALL : 0, labels.length - 1);
  const { accessed, written } = localsOf(tail);
  const needed = exits.reduce((all, exit) => all | lives(exit), 0n);
  const outs = own.locals.map((_, i) => i).filter((i) => written.has(i) && needed >> BigInt(i) & 1n);
  const outBits = outs.reduce((all, i) => all | 1n << BigInt(i), 0n);
  const read = live(tail, outBits, labels.map(() => outBits));
  const byType = (a, b) => own.locals[b] - own.locals[a] || a - b;
  const params = [...accessed].filter((i) => read >> BigInt(i) & 1n).sort(byType);
  outs.sort(byType);
  const shape = { tail, exits, params, outs, others: [...accessed].filter((i) => !params.includes(i)).sort(byType), carried };
  const original = () => emit(tail);
  if (exits.some((exit) => carried(exit).length > 1)) return original();
  const slots = exits.length > 1 ? [...new Set(exits.flatMap(carried))] : exits.flatMap(carried);
  const typesOf = (indices) => indices.map((i) => own.locals[i]);
  const given = typesOf(params), back = [...slots, ...(exits.length > 1 ? [I32] : []), ...typesOf(outs)];
  const build = (index, temp) => site(shape, slots, isLoop, index, temp);
  const cost = build(0x4000, () => 0).reduce((sum, part) => sum + part.length, 0);
  if (size(tail) - cost < GAIN) return original();
  const index = make({ given, results: back, code: outlined(shape, slots, own, isLoop, labels.length - 1) });
  const temp = (type, use) => {
    const key = `${type} ${use}`;
    if (!own.temps.has(key)) own.temps.set(key, own.locals.push(type) - 1);
    return own.temps.get(key);
  };
  return build(index, temp);
}

// The call of the cut tail, and where it goes on.
function site({ exits, params, outs, carried }, slots, isLoop, index, temp) {
  const call = [...params.map((i) => [OP.get, ...leb(i)]), [OP.call, ...leb(index)], ...outs.toReversed().map((i) => [OP.set, ...leb(i)])];
  if (!exits.length) return [...call, [OP.unreachable]];
  const isFall = (exit) => exit === (isLoop ? FALL : 0);
  if (exits.length === 1) return isFall(exits[0]) ? call : [...call, [OP.br, ...leb(exits[0])]];
  if (!slots.length) {
    const label = (exit) => leb(isLoop ? exit + 1 : exit);
    const table = [[OP.brTable, ...leb(exits.length - 1), ...exits.flatMap(label)]];
    return isLoop ? [[OP.block, 0x40], ...call, ...table, [OP.end]] : [...call, ...table];
  }
  const choice = temp(I32, "choice"), valueTemp = (type) => temp(type, "value"), out = [...call, [OP.set, ...leb(choice)]];
  for (const type of slots.toReversed()) out.push([OP.set, ...leb(valueTemp(type))]);
  const order = exits.map((exit, i) => [exit, i]).sort((a, b) => isFall(a[0]) - isFall(b[0]));
  order.forEach(([exit, i], n) => {
    const values = carried(exit).map((type) => [OP.get, ...leb(valueTemp(type))]), isLast = n === order.length - 1;
    const isThis = [[OP.get, ...leb(choice)], ...(i ? [[0x41, ...sleb(i), 0x46]] : [[0x45]])];
    if (isLast) out.push(...values, ...(isFall(exit) ? [] : [[OP.br, ...leb(exit)]]));
    else if (values.length) out.push(...isThis, [OP.if, 0x40], ...values, [OP.br, ...leb(exit + 1)], [OP.end]);
    else out.push(...isThis, [OP.brIf, ...leb(exit)]);
  });
  return out;
}

// The cut tail as a function: a block for each place where it goes on, each followed by what the caller is told.
function outlined({ tail, exits, params, outs, others, carried }, slots, own, isLoop, whole) {
  const number = new Map([...params, ...others].map((i, n) => [i, n]));
  const localTypes = others.map((i) => own.locals[i]);
  const held = new Map(slots.map((type) => [type, params.length + localTypes.push(type) - 1]));
  const to = (label, depth) => label < depth ? label : depth + exits.indexOf(label - depth);
  const leaf = (node, depth) => {
    if ([OP.get, OP.set, OP.tee].includes(node.op)) return [node.op, ...leb(number.get(node.index))];
    if (node.op === OP.return) return [OP.br, ...leb(depth + exits.indexOf(whole))];
    if (node.op === OP.brTable) return [node.op, ...leb(node.labels.length - 1), ...node.labels.flatMap((label) => leb(to(label, depth)))];
    if (node.labels) return [node.op, ...leb(to(node.labels[0], depth))];
  };
  const out = [declare(localTypes)];
  for (const exit of exits.toReversed()) out.push([OP.block, ...(carried(exit).length ? carried(exit) : [0x40])]);
  out.push(...emit(tail, leaf));
  exits.forEach((exit, i) => {
    out.push([OP.end]);
    const values = carried(exit), gets = outs.map((local) => [OP.get, ...leb(number.get(local))]);
    if (exits.length > 1) {
      values.forEach((type) => out.push([OP.set, ...leb(held.get(type))]));
      slots.forEach((type) => out.push(values.includes(type) ? [OP.get, ...leb(held.get(type))] : ZERO[type]));
      out.push([0x41, ...sleb(i)]);
    }
    out.push(...gets);
    if (i < exits.length - 1) out.push([OP.return]);
  });
  out.push([OP.end]);
  return Buffer.concat(out.map((part) => Buffer.from(part)));
}

// Where a tail goes on: its end, if it gets there, and labels as seen from its list. `whole` is the function's.
function exitsOf(tail, end, whole) {
  const found = new Set();
  if (tail.at(-1).rise !== undefined) found.add(end);
  const look = (list, depth) => list.forEach((node) => {
    node.labels?.forEach((label) => label >= depth && found.add(label - depth));
    if (node.op === OP.return) found.add(whole);
    node.lists?.forEach((inner) => look(inner, depth + 1));
  });
  look(tail, 0);
  return [...found];
}

function localsOf(list, accessed = new Set(), written = new Set()) {
  for (const node of list) {
    if ([OP.get, OP.set, OP.tee].includes(node.op)) accessed.add(node.index);
    if ([OP.set, OP.tee].includes(node.op)) written.add(node.index);
    node.lists?.forEach((inner) => localsOf(inner, accessed, written));
  }
  return { accessed, written };
}
