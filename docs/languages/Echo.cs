// Reads messages from the slot "requests" until one is "quit", and writes each of them to the slot "answers".
using System;
using System.Runtime.InteropServices;
using System.Text;

static class Echo
{
    const string Library = "libmailslot.so.0";
    [DllImport(Library)] static extern int mailslot_create(byte[] name, IntPtr options, out IntPtr slot);
    [DllImport(Library)]
    static extern int mailslot_read(IntPtr slot, byte[] buffer, UIntPtr room, out UIntPtr size, IntPtr origin);
    [DllImport(Library)] static extern int mailslot_open(byte[] name, out IntPtr writer);
    [DllImport(Library)] static extern int mailslot_write(IntPtr writer, byte[] message, UIntPtr size);
    [DllImport(Library)] static extern void mailslot_close_writer(IntPtr writer);
    [DllImport(Library)] static extern void mailslot_close(IntPtr slot);
    [DllImport(Library)] static extern IntPtr mailslot_error_message();

    // UTF-8 with a NUL, whatever the runtime makes of a string.
    static byte[] Name(string text) => Encoding.UTF8.GetBytes(text + "\0");

    static void Check(int code)
    {
        if (code != 0) throw new Exception(Marshal.PtrToStringAnsi(mailslot_error_message()));
    }

    static void Main()
    {
        Check(mailslot_create(Name("requests"), IntPtr.Zero, out var slot));
        Check(mailslot_open(Name("answers"), out var answers));
        var message = new byte[4096];
        while (true)
        {
            Check(mailslot_read(slot, message, (UIntPtr)message.Length, out var size, IntPtr.Zero));
            if (Encoding.UTF8.GetString(message, 0, (int)size) == "quit") break;
            Check(mailslot_write(answers, message, size));
        }
        mailslot_close_writer(answers);
        mailslot_close(slot);
    }
}
