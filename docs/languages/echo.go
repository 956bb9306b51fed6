// Reads messages from the slot "requests" until one is "quit", and writes each of them to the slot "answers".
package main

// #cgo pkg-config: mailslot
// #include <mailslot.h>
import "C"
import (
	"fmt"
	"os"
	"runtime"
	"unsafe"
)

func check(code C.int) {
	if code != 0 {
		fmt.Fprintln(os.Stderr, C.GoString(C.mailslot_error_message()))
		os.Exit(1)
	}
}

func main() {
	// The text of an error is that of the last one of this thread.
	runtime.LockOSThread()
	var slot *C.mailslot
	var answers *C.mailslot_writer
	check(C.mailslot_create(C.CString("requests"), nil, &slot))
	check(C.mailslot_open(C.CString("answers"), &answers))
	message := make([]byte, 4096)
	for size := C.size_t(0); ; {
		check(C.mailslot_read(slot, unsafe.Pointer(&message[0]), C.size_t(len(message)), &size, nil))
		if string(message[:size]) == "quit" {
			break
		}
		check(C.mailslot_write(answers, unsafe.Pointer(&message[0]), size))
	}
	C.mailslot_close_writer(answers)
	C.mailslot_close(slot)
}
