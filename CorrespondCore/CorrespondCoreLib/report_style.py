"""The look of the report pages."""

STYLE = """
:root { color-scheme: light; --ink: #23282c; --soft: #6a6f73; --line: #e4e1da; --paper: #fbfaf7; --accent: #0f6e84; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); }
body { font: 14px/1.45 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 28px 48px; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 18px; padding-bottom: 10px; }
header { border-bottom: 2px solid var(--ink); }
h1 { font-size: 26px; font-weight: 650; letter-spacing: -0.01em; margin: 0; }
header p { margin: 0; color: var(--soft); }
header .notice { margin-left: auto; color: #8a4b1d; font-weight: 600; }
h2 { font-size: 15px; font-weight: 650; margin: 26px 0 8px; }
.banner { margin: 16px 0; padding: 10px 16px; border-radius: 8px; border: 1px solid; }
.banner ul { margin: 4px 0 0; padding-left: 20px; }
.banner.good { background: #eaf5ef; border-color: #b9dcc8; color: #1d5c3a; }
.banner.note { background: #f6f5f1; border-color: #dedbd2; color: #4a4740; }
.banner.bad { background: #fdf1e3; border-color: #f0cfa0; color: #7a4408; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); gap: 12px; }
.tile { background: #fff; border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; }
.tile { display: flex; flex-direction: column; }
.tile strong { font-size: 24px; font-weight: 650; color: var(--accent); font-variant-numeric: tabular-nums; }
.tile small { color: var(--soft); }
.row { display: grid; grid-template-columns: repeat(4, 1fr); gap: 14px; align-items: start; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 14px; margin-top: 26px; }
figure { margin: 0; background: #fff; border: 1px solid var(--line); border-radius: 8px; padding: 8px 10px 6px; }
figcaption { font-weight: 600; margin-bottom: 6px; }
figure img { display: block; width: 100%; border-radius: 4px; background: #000; }
.legend { min-height: 52px; padding-top: 8px; font-size: 12px; color: var(--soft); }
.key { margin-right: 10px; white-space: nowrap; }
.key i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 5px; }
svg { width: 100%; height: auto; display: block; font: 11px system-ui, "Segoe UI", Arial, sans-serif; fill: #6a6f73; }
svg.bar { font-size: 12px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; background: #fff; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 5px 9px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 600; }
th:first-child, td:first-child { text-align: left; font-weight: 600; }
.note { color: var(--soft); font-size: 12px; max-width: 100ch; }
dl { display: grid; grid-template-columns: 90px 1fr; gap: 4px 14px; margin: 0; font-size: 12.5px; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
dd ul { margin: 0; padding-left: 18px; }
@media (max-width: 800px) { .row { grid-template-columns: repeat(2, 1fr); } header .notice { margin-left: 0; } }
@media print { main { max-width: none; padding: 0; } body { background: #fff; font-size: 11px; } }
@media print { section { break-inside: avoid; } }
"""
