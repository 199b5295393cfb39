import { expect, test } from 'vitest'
import { stableText } from '../../../src/engines/postgres/catalog/stable-text.ts'

test.each([
  [
    `CHECK (((s)::text = ANY ((ARRAY['a'::character varying, 'b, [''c'::character varying])::text[])))`,
    `CHECK (((s)::text = ANY ((ARRAY['a'::character varying, 'b, [''c'::character varying]::character varying[])::text[])))`,
  ],
  [
    `s::text = ANY (ARRAY['a'::character varying(3), E'\\\\''b'::character varying(3)]::text[])`,
    `s::text = ANY (ARRAY['a'::character varying(3), E'\\\\''b'::character varying(3)]::character varying(3)[]::text[])`,
  ],
  [`(ARRAY[1, 2])::bigint[]`, `(ARRAY[1, 2]::integer[])::bigint[]`],
  [
    `(ARRAY[('a'::character varying)::text, ('b'::character varying)::text])::name[]`,
    `(ARRAY[('a'::character varying)::text, ('b'::character varying)::text]::text[])::name[]`,
  ],
])('a list of one type that is cast to another says its own type first: %s', (text, stable) => {
  expect(stableText(text)).toBe(stable)
})

test.each([
  'no list at all',
  `ARRAY['a'::text, 'b'::text]`,
  `(ARRAY[(1)::bigint, (2)::bigint])`,
  `(ARRAY['a'::text])::text[]`,
  `(ARRAY[a, b])::text[]`,
  `'ARRAY[1, 2]::bigint[]'::text`,
  `"ARRAY[1]"::bigint[]`,
  `ARRAY[1, 2`,
])('everything else is left as it is: %s', (text) => {
  expect(stableText(text)).toBe(text)
})
