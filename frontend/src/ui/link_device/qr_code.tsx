import { useMemo } from "preact/hooks";
import { encode } from "uqr";

export interface QRCodeProps {
  text: string;
  label: string;
}

/** A text as a QR code, dark on light in every theme: cameras want it so. */
export function QRCode({ text, label }: QRCodeProps) {
  const { size, path } = useMemo(() => {
    // Four modules of margin: ISO/IEC 18004 wants them.
    const { size, data } = encode(text, { ecc: "M", border: 4 });
    return { size, path: pathOf(data) };
  }, [text]);
  return (
    <svg
      class="qr-code"
      data-testid="qr-code"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      shape-rendering="crispEdges"
    >
      <rect class="qr-light" width={size} height={size} />
      <path class="qr-dark" d={path} />
    </svg>
  );
}

/** One rectangle for each run of dark modules. */
export function pathOf(rows: readonly (readonly boolean[])[]): string {
  let path = "";
  rows.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue;
      let end = x;
      while (row[end]) end++;
      path += `M${x} ${y}h${end - x}v1h${x - end}z`;
      x = end;
    }
  });
  return path;
}
