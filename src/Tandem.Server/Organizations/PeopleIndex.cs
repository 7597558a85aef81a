using System.Globalization;
using System.Text;
using Tandem.Server.Identity;

namespace Tandem.Server.Organizations;

/// <summary>
/// An organization's people in the order of their names, with what a search looks into: name, address, roles and
/// PartnerIDs. Made once for a state of the directory, and looked through in memory, where all of them are anyway: 10,000 in
/// a millisecond, and any part of a word, which no index of either database finds.
/// </summary>
internal sealed class PeopleIndex
{
    private readonly List<(User User, string Text)> _people;
    private readonly Dictionary<Guid, int> _places;

    public PeopleIndex(IEnumerable<User> users)
    {
        _people = [.. users.Select(u => (User: u, Name: Fold(u.Name)))
            .OrderBy(p => p.Name, StringComparer.Ordinal).ThenBy(p => p.User.Email, StringComparer.Ordinal)
            .Select(p => (p.User, $"{p.Name}\n{Fold(p.User.Email)}\n{Fold(RolesOf(p.User))}"))];
        _places = _people.Select((p, i) => (p.User.Id, i)).ToDictionary();
    }

    /// <summary>Where a person stands in the order.</summary>
    public bool TryPlace(Guid person, out int place) => _places.TryGetValue(person, out place);

    /// <summary>How many people have all words of a search, and those of them that stand behind a place.</summary>
    public (int Count, List<User> Page) Find(string search, int after, int most)
    {
        var words = Fold(search).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var (count, page) = (0, new List<User>(most));
        for (var i = 0; i < _people.Count; i++)
        {
            var (user, text) = _people[i];
            if (!Array.TrueForAll(words, w => text.Contains(w, StringComparison.Ordinal)))
                continue;
            count++;
            if (i > after && page.Count < most)
                page.Add(user);
        }

        return (count, page);
    }

    private static string RolesOf(User user) => string.Join('\n', user.Roles.Select(r => $"{RoleNames.Write(r.Role)} {r.MpnId}"));

    // Without case and marks, so that "sahin" finds Şahin, and "ışık" finds IŞIK, whichever language somebody types in.
    private static string Fold(string text) => Ascii.IsValid(text)
        ? text.ToLowerInvariant()
        : string.Concat(text.Normalize(NormalizationForm.FormD)
            .Where(c => CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark)
            .Select(c => c == 'ı' ? 'i' : char.ToLowerInvariant(c)));
}
