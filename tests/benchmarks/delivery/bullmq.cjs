// A BullMQ worker and its queue, as in the facts: five attempts with a fixed pause, N jobs at once, keep-alive calls.
//   node bullmq.cjs add REDIS_PORT PRODUCTS VERSIONS BYTES     fills the queue
//   node bullmq.cjs work REDIS_PORT URL N                      works until it is killed; says "ready" when it starts
// Run in the folder where bullmq is installed.
const http = require('http');
const { Queue, Worker } = require(require.resolve('bullmq', { paths: [process.cwd()] }));
const [mode, port, ...rest] = process.argv.slice(2);
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };

async function add(products, versions, bytes) {
  const queue = new Queue('bench', { connection });
  const text = 'x'.repeat(bytes);
  const opts = { attempts: 5, backoff: { type: 'fixed', delay: 200 }, removeOnComplete: true };
  let group = [];
  for (let version = 1; version <= versions; version++)
    for (let id = 1; id <= products; id++) {
      group.push({ name: 'sync', data: { id, version, text }, opts });
      if (group.length === 1000) { await queue.addBulk(group); group = []; }
    }
  if (group.length) await queue.addBulk(group);
  await queue.close();
}

function work(url, n) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: n });
  const post = ({ id, version, text }) => new Promise((done, fail) => {
    const headers = { 'x-id': id, 'x-version': version, 'x-written': 0, 'content-length': Buffer.byteLength(text) };
    const call = http.request(url + '/', { method: 'POST', agent, headers }, answer => {
      answer.resume();
      answer.on('end', () => answer.statusCode === 200 ? done() : fail(new Error(`status ${answer.statusCode}`)));
    });
    call.on('error', fail);
    call.end(text);
  });
  const worker = new Worker('bench', job => post(job.data), { connection, concurrency: n });
  worker.on('error', error => console.error(error.message));
  console.log('ready');
}

if (mode === 'add') add(Number(rest[0]), Number(rest[1]), Number(rest[2]));
else work(rest[0], Number(rest[1]));
