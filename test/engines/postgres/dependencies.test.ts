import { expect, test } from 'vitest'
import { circularEdges } from '../../../src/engines/postgres/catalog/dependencies.ts'

test('finds the edges of circles, and none that only leads from one circle to another', () => {
  const edges = ['a>b', 'b>a', 'b>path', 'path>c', 'c>d', 'd>c', 'alone>a', 'c>leaf'].map(
    (text) => {
      const [from = '', to = ''] = text.split('>')
      return { from, to, because: text }
    },
  )
  expect(circularEdges(edges).map(({ because }) => because)).toEqual(['a>b', 'b>a', 'c>d', 'd>c'])
  expect(circularEdges([])).toEqual([])
})
