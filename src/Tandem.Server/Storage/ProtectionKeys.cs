using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Tandem.Server.Storage;

/// <summary>A key of ASP.NET Core data protection; every node protects with the same ones.</summary>
internal sealed class ProtectionKey : IEntityTypeConfiguration<ProtectionKey>
{
    public int Id { get; init; }

    public required string Xml { get; init; }

    public void Configure(EntityTypeBuilder<ProtectionKey> builder) => builder.ToTable("protection_keys");
}

/// <summary>
/// Keeps the keys of data protection in the database. In plain SQL and not through the entity framework, since the keys
/// are read at every start, before the first request.
/// </summary>
internal sealed class ProtectionKeys(HotDatabase database) : IXmlRepository
{
    // The interface knows no asynchronous reading; it is called once at start, and when a key is made.
    public IReadOnlyCollection<XElement> GetAllElements() => database.Read(0, static async (session, _, cancellation) =>
    {
        var keys = new List<XElement>();
        await using var row = await session.Command("SELECT xml FROM protection_keys ORDER BY id").ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            keys.Add(XElement.Parse(row.GetString(0)));
        return keys;
    }, CancellationToken.None).AsTask().GetAwaiter().GetResult();

    public void StoreElement(XElement element, string friendlyName) => database.Write(async (session, cancellation) =>
    {
        await session.Command("INSERT INTO protection_keys (xml) VALUES (@xml)")
            .With("@xml", element.ToString(SaveOptions.DisableFormatting)).ExecuteNonQueryAsync(cancellation);
        return true;
    }, CancellationToken.None).GetAwaiter().GetResult();
}
