using System.Collections;
using System.Text.Json;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;

namespace Tandem.Server.Tests.Referrals.Query;

/// <summary>
/// Referrals with every property of the contract filled at random from small pools, so that filters find equal values,
/// nulls, other cases and letters that fold in surprising ways.
/// </summary>
internal sealed class RandomReferrals(Random random)
{
    public const string Own = "7d23e5ca-19dc-4eaa-aac8-5e6b559f0d1d";
    public const string Other = "2f0c1c4e-6a38-4f5e-9d0b-0f6a3f3b7a11";

    public static readonly string[] Texts =
    [
        "", "a", "A", "b", "Contoso", "CONTOSO Ltd", "contoso", "O'Brien", "100%", "x_y", "İstanbul", "ışık", "Straße",
        "ΣΊΣΥΦΟΣ", "日本", "😀 smile", "alice@contoso.example", "Alice@Contoso.example", "1", "null", "\"quoted\" \\",
    ];

    public static readonly decimal[] Numbers = [0, 1, 2, 0.1m, 19.99m, 1000, 1_000_000, 123456789.125m, 1_000_000_000_000_000m];

    public static readonly DateTimeOffset[] Times =
    [
        .. new[]
        {
            "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z", "2023-12-31T23:59:59.999999Z", "2024-01-01T00:00:00Z",
            "2024-02-29T12:30:15.5Z", "2024-02-29T12:30:15.500001Z", "2026-11-23T08:00:00.25Z", "0001-01-01T00:00:00Z",
        }.Select(t => WireTime.TryParse(t, out var time) ? time : default),
    ];

    public static readonly Guid[] Engagements =
    [
        new("65edc0b5-3485-41b7-a17e-dfa9ef4706e2"), new("a5edc0b5-3485-41b7-a17e-dfa9ef4706e2"), new("00000000-0000-0000-0000-0000000000ff"),
    ];

    public QueryRow Next()
    {
        var referral = (Referral)Fill(ContractType.Referral);
        referral.ODataContext = null;
        referral.Links = null;
        referral.OrganizationId = Pick(Own, Other, "msft");
        referral.EngagementId = Pick(Engagements);
        return new(referral, random.Next(3) == 0);
    }

    public T Pick<T>(params IReadOnlyList<T> items) => items[random.Next(items.Count)];

    private object Fill(ContractType type)
    {
        var filled = type.Create();
        foreach (var property in type.Properties.Where(p => !p.Name.StartsWith('@') && p.Name != "links"))
        {
            if (property.Kind == ContractKind.List)
            {
                var list = (IList)property.Get(filled)!;
                for (var i = random.Next(4); i > 0 && property.ElementKind != ContractKind.Json; i--)
                    list.Add(property.ElementKind == ContractKind.Object ? Fill(property.Nested!) : Scalar(property));
                for (var i = random.Next(3); i > 0 && property.ElementKind == ContractKind.Json; i--)
                    list.Add(JsonElement.Parse("{\"id\":\"x\"}"));
            }
            else if (property.Kind == ContractKind.Object)
            {
                property.Set(filled, Fill(property.Nested!));
            }
            else
            {
                property.Set(filled, property.IsNullable && random.Next(4) == 0 ? null : Scalar(property));
            }
        }

        return filled;
    }

    private object Scalar(ContractProperty property)
    {
        switch (property.ElementKind)
        {
            case ContractKind.Boolean:
                return random.Next(2) == 0;
            case ContractKind.Number:
                return Pick(Numbers);
            case ContractKind.Time:
                return Pick(Times);
            case ContractKind.Guid:
                var bytes = new byte[16];
                random.NextBytes(bytes);
                return new Guid(bytes);
            case ContractKind.Enumeration:
                // By the contract's own reading of a name, since the type of the enumeration is not shown.
                using (var name = JsonDocument.Parse($"\"{Pick(property.MemberNames.ToList())}\""))
                {
                    return new EnumMember(property).Read(name.RootElement);
                }

            default:
                return Pick(Texts);
        }
    }

    private readonly struct EnumMember(ContractProperty property)
    {
        public object Read(JsonElement name)
        {
            var owner = new ContractReader();
            return owner.ReadElement(property, name, "") ?? throw new InvalidOperationException();
        }
    }
}
