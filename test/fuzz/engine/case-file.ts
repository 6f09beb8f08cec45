import fs from 'node:fs'
import path from 'node:path'
import type { FuzzCase, FuzzTarget } from './target.ts'

type Format = FuzzTarget['format']

const HEADING = '== '

/**
 * Reads the cases of a corpus file. A case begins with `== name`, perhaps followed by `seed: 7`; lines with `#` in front
 * are comments. Text: lines are joined, `\r \n \t \0 \\ \xHH` stand for bytes. Hexadecimal: all white space is for the
 * eye, and `#` begins a comment anywhere.
 */
export function parseCases(text: string, format: Format): readonly FuzzCase[] {
  const [, ...parts] = `\n${text}`.split(`\n${HEADING}`)
  return parts.map((part) => {
    const [name = '', ...lines] = part.split('\n')
    const body = lines.filter((line) => !line.startsWith('#'))
    const [, seed] = /^seed: (\d+)$/.exec(body[0] ?? '') ?? []
    if (seed !== undefined) body.shift()
    const input = format === 'text' ? unescapeText(body.join('')) : parseHex(body)
    return { name, seed: Number(seed ?? 0), input }
  })
}

/** Writes a case so that `parseCases` reads it again. */
export function formatCase({ name, seed, input }: FuzzCase, { format, formatLines }: FuzzTarget): string {
  const body = format === 'text' ? escapeText(input) : (formatLines ?? formatHex)(input)
  return [`${HEADING}${name}`, `seed: ${seed}`, ...body, ''].join('\n')
}

/** The cases of all files below `folder`, in the order of their names; none when there is no such folder. */
export function readCorpus(folder: string, format: Format): readonly FuzzCase[] {
  if (!fs.existsSync(folder)) return []
  const files = fs.readdirSync(folder).toSorted()
  return files.flatMap((file) => parseCases(fs.readFileSync(path.join(folder, file), 'utf8'), format))
}

/** Bytes in rows of 32. */
function formatHex(bytes: Buffer): readonly string[] {
  const rows: string[] = []
  for (let at = 0; at < bytes.length; at += 32) rows.push(bytes.toString('hex', at, Math.min(bytes.length, at + 32)))
  return rows
}

function parseHex(lines: readonly string[]): Buffer {
  const digits = lines.map((line) => line.replace(/#.*/, '').replace(/\s/g, '')).join('')
  const bytes = Buffer.from(digits, 'hex')
  if (bytes.length * 2 !== digits.length) throw new Error(`not hexadecimal: ${digits.slice(0, 80)}`)
  return bytes
}

function unescapeText(text: string): Buffer {
  const plain = text.replace(/\\(?:x([0-9a-fA-F]{2})|(.))/gs, (_all, hex?: string, letter?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    const byte = { r: '\r', n: '\n', t: '\t', 0: '\0', '\\': '\\' }[letter ?? '']
    if (byte === undefined) throw new Error(`unknown escape \\${letter}`)
    return byte
  })
  return Buffer.from(plain, 'latin1')
}

function escapeText(input: Buffer): readonly string[] {
  const text = input
    .toString('latin1')
    .replaceAll('\\', '\\\\')
    // oxlint-disable-next-line no-control-regex -- controls are what must be made visible
    .replace(/[\0-\x1f\x7f-\xff]/g, (byte) => {
      const letter = { '\r': '\\r', '\n': '\\n', '\t': '\\t', '\0': '\\0' }[byte]
      return letter ?? `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`
    })
  // A line that looked like a heading, a comment or a seed would be taken for one.
  return text
    .split(/(?<=\\n)/)
    .map((line) => line.replace(/^[#=s]/, (first) => `\\x${first.charCodeAt(0).toString(16)}`))
}
