using Tandem.Client;

namespace Tandem.Web.People;

internal static class PartnerIdsExtensions
{
    /// <summary>PartnerIDs that a role can be given for: those of the locations.</summary>
    public static async Task<IReadOnlyList<string>> PartnerIds(this AdministrationClient administration, string organization, CancellationToken cancellation) =>
        await administration.ListLocationsAsync(organization, cancellation).Where(l => l.MpnId is not null)
            .Select(l => l.MpnId!).Distinct().ToListAsync(cancellation);
}
