import assert from "node:assert/strict"
import { test } from "node:test"
import { compile } from "./compile.ts"

const self = {
  n: 3,
  s: "abc",
  list: [1, 2, 3],
  names: ["a", "b"],
  map: { x: 1, y: 2 },
  nested: { deep: { value: true } },
  items: [
    { id: "a", count: 1 },
    { id: "b", count: 2 },
  ],
  namespace: "reserved",
}

const table: readonly (readonly [string, unknown])[] = [
  ["1 + 2 * 3", 7],
  ["(1 + 2) * 3", 9],
  ["7 / 2", 3],
  ["-7 % 3", -1],
  ["7.0 / 2.0", 3],
  ["'a' + \"b\"", "ab"],
  ["r'\\d'", "\\d"],
  ["'\\n'.size()", 1],
  ["self.n > 2 && self.n <= 3", true],
  ["self.n == 3 ? 'yes' : 'no'", "yes"],
  ["!(self.n == 3)", false],
  ["has(self.nested.deep)", true],
  ["has(self.absent)", false],
  ["!has(self.absent) || self.absent > 1", true],
  ["self.absent > 1 || true", true],
  ["self.list.all(x, x > 0)", true],
  ["self.list.exists(x, x == 2)", true],
  ["self.list.exists_one(x, x > 1)", false],
  ["self.list.filter(x, x > 1).size()", 2],
  ["self.list.map(x, x * 2)[2]", 6],
  ["self.items.map(i, i.count).sum()", 3],
  ["self.items.all(i, i.id in self.names)", true],
  ["'x' in self.map", true],
  ["self.map.all(k, self.map[k] > 0)", true],
  ["size(self.s) + self.list.size() + self.map.size()", 8],
  ["self.s.matches('^[a-c]+$')", true],
  ["self.s.startsWith('ab') && self.s.endsWith('c') && self.s.contains('b')", true],
  ["[1, 2] == [1, 2] && {'a': 1} == {'a': 1}", true],
  ["[has(self.n), has(self.q)].filter(x, x).size() == 1", true],
  ["self.__namespace__ == 'reserved'", true],
  ["quantity('1Gi') > quantity('1M')", true],
  ["isIP('10.0.0.1') && !isIP('10.0.0')", true],
  ["1 in [1, 2] && !(3 in [1, 2])", true],
  ["self.names.join('-')", "a-b"],
  ["// a comment\n1 == 1", true],
  ["self.nested.deep.value", true],
  ["self.?nested.deep.value.orValue(false)", true],
  ["self.?absent.deep.orValue('none')", "none"],
  ["self.map[?'x'].orValue(0) + self.map[?'z'].orValue(5)", 6],
  ["self.list[?9].hasValue()", false],
  ["self.?names[0].value()", "a"],
]

for (const [source, wanted] of table) {
  test(`CEL: ${source}`, () => {
    assert.deepEqual(compile(source)({ self }), { ok: true, value: wanted })
  })
}

test("what goes wrong in an evaluation is told", () => {
  const why = (source: string) => {
    const result = compile(source)({ self })
    return result.ok ? undefined : result.why
  }
  assert.equal(why("self.absent == 1"), "no such key: absent")
  assert.equal(why("self.list[9]"), "index out of bounds: 9")
  assert.equal(why("1 / 0"), "division by zero")
  assert.equal(why("self.s > 1"), "no such overload")
  assert.equal(why("other"), "undeclared reference to 'other'")
  assert.equal(why("self.absent > 1 && true"), "no such key: absent")
})

test("what is not CEL is refused", () => {
  for (const source of ["", "1 +", "self.", "(1", "[1, 2", "1 2", "a ? b", "#"]) {
    assert.throws(() => compile(source), source)
  }
})
