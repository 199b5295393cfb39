/** A decimal number as a fraction of whole numbers. */
export function readDecimal(text: string): { readonly value: bigint; readonly unit: bigint } {
  const [whole = '', fraction = ''] = text.split('.')
  return { value: BigInt(whole + fraction), unit: 10n ** BigInt(fraction.length) }
}
