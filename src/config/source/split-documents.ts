import { hash } from 'node:crypto'

/** A part of a text that can be read by itself, and the line of the text that it begins in, from 0. */
export interface Piece {
  readonly text: string
  readonly line: number
}

/**
 * Cuts a text before each `---` line, so that a change costs only its own document. Such a line always ends a
 * document (YAML 1.2, 9.1.2). Directives and `...` lines make documents depend on each other: then nothing is cut.
 */
export const splitDocuments = (text: string): readonly Piece[] => {
  if (/^(?:%|\.\.\.(?:\s|$))/m.test(text)) return [{ text, line: 0 }]
  const cuts = [...text.matchAll(/^---(?=\s|$)/gm)].map((match) => match.index)
  let line = 0
  return [0, ...cuts.filter((cut) => cut > 0)].map((start, index, starts) => {
    const part = text.slice(start, starts[index + 1])
    const piece = { text: part, line }
    line += countLines(part)
    return piece
  })
}

const countLines = (text: string): number => {
  let lines = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return lines
}

/** Stands for a text where the text itself would take too much memory: half of its SHA-256, a byte in each character. */
export const hashText = (text: string): string => hash('sha256', text, 'buffer').toString('latin1', 0, 16)
