"""The plot of RESULTS.md as SVG: one bar for each ratio on a logarithmic scale, with what is demanded."""

import html
import math

WIDTH, LEFT, RIGHT, ROW, TOP = 860, 250, 130, 26, 40


def ratios(results):
    """A bar from 1 to each ratio; ratios below 1 grow to the left. A tick marks the floor."""
    rows = [result for result in results if result.ratio]
    values = [1.0] + [result.ratio for result in rows] + [result.floor for result in rows if result.floor]
    lowest, highest = math.floor(math.log10(min(values)) - 0.05), math.ceil(math.log10(max(values)) + 0.05)

    def x(value):
        return LEFT + (math.log10(value) - lowest) / (highest - lowest) * (WIDTH - LEFT - RIGHT)

    height = TOP + ROW * len(rows) + 30
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
           '<text x="10" y="20" font-size="14">Ours to the peer\'s (1 = equal, right is better, logarithmic)</text>']
    for power in range(lowest, highest + 1):
        at = x(10.0 ** power)
        out.append(f'<line x1="{at:.1f}" y1="{TOP - 8}" x2="{at:.1f}" y2="{height - 24}" stroke="#ddd"/>')
        out.append(f'<text x="{at:.1f}" y="{height - 8}" text-anchor="middle" fill="#666">{10.0 ** power:g}</text>')
    for index, result in enumerate(rows):
        y = TOP + ROW * index
        begin, end = sorted((x(1.0), x(result.ratio)))
        colour = {None: "#8aa4c8", True: "#3f8f5f", False: "#c0504d"}[result.holds()]
        out.append(f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{html.escape(result.name)}</text>')
        out.append(f'<rect x="{begin:.1f}" y="{y + 2}" width="{max(1.0, end - begin):.1f}" height="{ROW - 10}" fill="{colour}"/>')
        if result.floor:
            at = x(result.floor)
            out.append(f'<line x1="{at:.1f}" y1="{y - 2}" x2="{at:.1f}" y2="{y + ROW - 4}" stroke="black" stroke-width="2"/>')
        floor = f", floor {result.floor:g}" if result.floor else ""
        out.append(f'<text x="{WIDTH - RIGHT + 8}" y="{y + 13}">{result.ratio:.2f}{floor}</text>')
    out.append(f'<line x1="{x(1.0):.1f}" y1="{TOP - 8}" x2="{x(1.0):.1f}" y2="{height - 24}" stroke="#444"/>')
    return "\n".join(out) + "\n</svg>\n"
