// Reads messages from the slot "requests" until one is "quit", and writes each of them to the slot "answers".
const koffi = require('koffi');
const { promisify } = require('node:util');

const library = koffi.load('libmailslot.so.0');
const create = library.func('int mailslot_create(const char *name, void *options, _Out_ void **slot)');
const read = library.func(
  'int mailslot_read(void *slot, uint8_t *buffer, size_t room, _Out_ size_t *size, void *origin)');
const open = library.func('int mailslot_open(const char *name, _Out_ void **writer)');
const write = library.func('int mailslot_write(void *writer, const uint8_t *message, size_t size)');
const closeWriter = library.func('void mailslot_close_writer(void *writer)');
const close = library.func('void mailslot_close(void *slot)');
const errorMessage = library.func('const char *mailslot_error_message()');

function check(code) {
  if (code !== 0) throw new Error(errorMessage());
}

async function main() {
  const slot = [null], answers = [null], size = [0], buffer = Buffer.alloc(4096);
  check(create('requests', null, slot));
  check(open('answers', answers));
  for (;;) {
    // In another thread, so that everything else goes on meanwhile; the sentence about an error stays there.
    const code = await promisify(read.async)(slot[0], buffer, buffer.length, size, null);
    if (code !== 0) throw new Error(`mailslot_read: ${code}`);
    const message = buffer.subarray(0, Number(size[0]));
    if (message.toString() === 'quit') break;
    check(write(answers[0], message, message.length));
  }
  closeWriter(answers[0]);
  close(slot[0]);
}
main();
