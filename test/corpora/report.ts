/** A table for a terminal: columns as wide as they must be. */
export function table(heading: readonly string[]) {
  const rows: string[][] = [[...heading]]
  return {
    add(cells: readonly (string | number)[]): void {
      rows.push(cells.map(String))
    },
    text(): string {
      const widths = heading.map((_, column) =>
        Math.max(...rows.map((row) => row[column]?.length ?? 0)),
      )
      return rows
        .map((row) =>
          row
            .map((cell, column) => cell.padEnd(widths[column] ?? 0))
            .join('  ')
            .trimEnd(),
        )
        .join('\n')
    },
  }
}
