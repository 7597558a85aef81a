using System.Net;
using System.Net.Sockets;

namespace Tandem.Server.Http;

/// <summary>Which addresses belong to the public internet, and which never to a receiver of ours.</summary>
internal static class ForbiddenNetworks
{
    // IANA's special-purpose registry, what is multicast or reserved, and the address of Azure's host.
    private static readonly IPNetwork[] SpecialV4 = Parse(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3");

    // All that is handed out for the internet lies in here; loopback, mapped, translated and local addresses do not.
    private static readonly IPNetwork[] GlobalV6 = Parse("2000::/3");

    private static readonly IPNetwork[] SpecialV6 =
        Parse("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20");

    // They hand out the machine's own credentials: Amazon, Azure, Google and others; Azure's host; Alibaba; Oracle.
    private static readonly IPAddress[] Metadata =
    [
        IPAddress.Parse("169.254.169.254"), IPAddress.Parse("169.254.170.2"), IPAddress.Parse("fd00:ec2::254"),
        IPAddress.Parse("168.63.129.16"), IPAddress.Parse("100.100.100.200"), IPAddress.Parse("192.0.0.192"),
    ];

    // Prefixes of addresses whose last four bytes are an IPv4 address: compatible and translated.
    private static readonly IPNetwork[] CarryV4 = Parse("::/96", "::ffff:0:0:0/96", "64:ff9b::/96");

    public static bool IsPublic(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork
        ? !Contain(SpecialV4, address)
        : Contain(GlobalV6, address) && !Contain(SpecialV6, address);

    /// <summary>Whether the address is that of a cloud's metadata service, in whatever form.</summary>
    public static bool IsMetadata(IPAddress address) => Metadata.Contains(
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : Contain(CarryV4, address) ? new IPAddress(address.GetAddressBytes().AsSpan(12))
        : address);

    /// <summary>Whether one of the networks holds the address; none holds an IPv4-mapped one.</summary>
    /// <remarks><see cref="IPNetwork.Contains"/> says of ::ffff:8.8.8.8 that it is in 2000::/3.</remarks>
    public static bool Contain(IPNetwork[] networks, IPAddress address) =>
        !address.IsIPv4MappedToIPv6 && networks.Any(network => network.Contains(address));

    private static IPNetwork[] Parse(params string[] networks) => [.. networks.Select(IPNetwork.Parse)];
}
