// Unpacks Chromium 83, which its package has compressed.
const { createReadStream, createWriteStream } = require('node:fs');
const { createBrotliDecompress } = require('node:zlib');

createReadStream('node_modules/chrome-aws-lambda/bin/chromium.br')
  .pipe(createBrotliDecompress())
  .pipe(createWriteStream('chromium', { mode: 0o755 }));
