import jcifs.netbios.NbtAddress;

/**
 * Prints what jCIFS finds out about a machine: Jcifs COMPUTER ADDRESS. Broadcasts go to its default, 255.255.255.255.
 * Of the machine's names it prints those that nmbd has as every other member of its workgroup.
 */
public class Jcifs {
    public static void main(String[] arguments) throws Exception {
        System.out.println("address " + NbtAddress.getByName(arguments[0]).getHostAddress());
        StringBuilder names = new StringBuilder("names");
        java.util.TreeSet<String> all = new java.util.TreeSet<>();
        for (NbtAddress name : NbtAddress.getAllByAddress(arguments[1])) {
            int type = name.getNameType();
            if (type == 0x00 || type == 0x1e || type == 0x20) {
                all.add(String.format("%s<%02x>", name.getHostName().trim(), type));
            }
        }
        all.forEach(name -> names.append(" ").append(name));
        System.out.println(names);
        System.exit(0);
    }
}
