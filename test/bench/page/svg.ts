/** Pictures as text: a few shapes, and colours that fit light pages as well as dark ones. */

/** Of a bar, a line or a label: a class of the style below. */
export type Tone = 'ours' | 'peer' | 'other' | 'third' | 'good' | 'bad' | 'ink' | 'dim' | 'grid'

export interface Point {
  readonly x: number
  readonly y: number
}

const STYLE = `
.paper{fill:#fff;stroke:#d1d9e0}text{font:12px system-ui,sans-serif;fill:#1f2328}
.title{font-size:14px;font-weight:600}.dim{fill:#59636e}
.ours{fill:#0969da;stroke:#0969da}.peer{fill:#8c959f;stroke:#8c959f}.other{fill:#b08800;stroke:#b08800}.third{fill:#8250df;stroke:#8250df}
.good{fill:#1a7f37;stroke:#1a7f37}.bad{fill:#cf222e;stroke:#cf222e}.ink{stroke:#1f2328}.grid{stroke:#d1d9e0}
@media(prefers-color-scheme:dark){.paper{fill:#151b23;stroke:#3d444d}text{fill:#f0f6fc}.dim{fill:#9198a1}
.ours{fill:#4493f8;stroke:#4493f8}.peer{fill:#6e7681;stroke:#6e7681}.other{fill:#d29922;stroke:#d29922}.third{fill:#ab7df8;stroke:#ab7df8}
.good{fill:#3fb950;stroke:#3fb950}.bad{fill:#f85149;stroke:#f85149}.ink{stroke:#f0f6fc}.grid{stroke:#3d444d}}
text{stroke:none}`

/** The whole picture; `title` and `about` are read to those who do not see it. */
export const formatSvg = (
  {
    width,
    height,
    title,
    about,
  }: { readonly width: number; readonly height: number; readonly title: string; readonly about: string },
  shapes: readonly string[],
): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<desc>${escape(about)}</desc>`,
    `<style>${STYLE.replaceAll('\n', '')}</style>`,
    `<rect class="paper" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6"/>`,
    formatText({ x: 16, y: 24 }, title, { style: 'title' }),
    ...shapes,
    '</svg>',
    '',
  ].join('\n')

/** A text at its base line. */
export const formatText = (
  { x, y }: Point,
  text: string,
  { style, anchor = 'start' }: { readonly style?: 'title' | Tone; readonly anchor?: 'start' | 'middle' | 'end' } = {},
): string => {
  const attributes = [
    ...(style === undefined ? [] : [` class="${style}"`]),
    ...(anchor === 'start' ? [] : [` text-anchor="${anchor}"`]),
  ].join('')
  return `<text x="${round(x)}" y="${round(y)}"${attributes}>${escape(text)}</text>`
}

/** A bar from its upper left corner. */
export const formatRect = (
  { x, y }: Point,
  size: { readonly width: number; readonly height: number },
  tone: Tone,
): string =>
  `<rect class="${tone}" x="${round(x)}" y="${round(y)}" width="${round(size.width)}" height="${size.height}" stroke="none"/>`

/** A line through points, which is not filled. */
export const formatLine = (
  points: readonly Point[],
  tone: Tone,
  { width = 1, isDashed = false }: { readonly width?: number; readonly isDashed?: boolean } = {},
): string => {
  const path = points.map(({ x, y }) => `${round(x)},${round(y)}`).join(' ')
  const dashes = isDashed ? ' stroke-dasharray="4 3"' : ''
  return `<polyline class="${tone}" points="${path}" style="fill:none" stroke-width="${width}"${dashes}/>`
}

export const formatDot = ({ x, y }: Point, tone: Tone): string =>
  `<circle class="${tone}" cx="${round(x)}" cy="${round(y)}" r="3"/>`

/** The least of 1, 2, 2.5 and 5 times a power of ten that is not below `value`. */
export const niceAbove = (value: number): number => {
  if (!(value > 0)) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 2.5, 5].find((step) => step * power >= value) ?? 10) * power
}

const round = (value: number): number => Math.round(value * 10) / 10

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
