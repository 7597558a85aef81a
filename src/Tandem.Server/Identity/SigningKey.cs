using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Tandem.Server.Identity;

/// <summary>A key of the embedded issuer; every node signs and checks with the same ones.</summary>
internal sealed class SigningKey : IEntityTypeConfiguration<SigningKey>
{
    public required string Id { get; init; }

    /// <summary>PKCS #8, protected by ASP.NET Core data protection.</summary>
    public required byte[] ProtectedKey { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public void Configure(EntityTypeBuilder<SigningKey> builder) => builder.ToTable("signing_keys");
}
