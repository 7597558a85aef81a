using System.Globalization;
using System.Text;
using Tandem.Server.Http;
using Tandem.Server.Identity;

namespace Tandem.Server.Referrals.Query;

/// <summary>Writes a list: the stored documents, one behind the other, with their links.</summary>
internal sealed class ListBody(PooledBuffer output, LinkWriter links, SelectTree? select, Caller caller) : IListWriter
{
    private readonly byte[] _organization = Encoding.UTF8.GetBytes(caller.OrganizationId);
    private bool _isFirst = true;

    public void Begin(long? count) => Begin("#Referrals"u8, count);

    /// <summary>Begins a list of changes.</summary>
    public void BeginDelta() => Begin("#Referrals/$delta"u8, null);

    public void Write(ListedReferral row)
    {
        Separate();
        var document = row.Document;
        if (!row.IsShownAsStored)
        {
            document = !row.OrganizationId.SequenceEqual(_organization)
                ? ReferralAnswers.Restricted(document)
                : ReferralAnswers.WithoutContacts(document);
        }

        if (select is null)
            ReferralAnswers.WriteElement(output, document, links);
        else
            WriteSelected(document, select);
    }

    /// <summary>Says that a referral is not in the list any more.</summary>
    /// <param name="isGone">It can be read nowhere; else it has left this list, or the caller's sight.</param>
    public void WriteRemoved(Guid id, bool isGone)
    {
        Separate();
        output.Write(isGone ? "{\"@removed\":{\"reason\":\"deleted\"},\"id\":\""u8 : "{\"@removed\":{\"reason\":\"changed\"},\"id\":\""u8);
        output.Write(Encoding.ASCII.GetBytes(id.ToString("D", CultureInfo.InvariantCulture)));
        output.Write("\"}"u8);
    }

    private void Begin(ReadOnlySpan<byte> context, long? count)
    {
        output.Clear();
        output.Write("{"u8);
        links.WriteContext(output, context);
        if (count is { } all)
            output.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\"@odata.count\":{all},")));
        output.Write("\"value\":["u8);
        _isFirst = true;
    }

    private void Separate()
    {
        if (!_isFirst)
            output.Write(","u8);
        _isFirst = false;
    }

    private void WriteSelected(ReadOnlySpan<byte> document, SelectTree selected)
    {
        using var ownLinks = new PooledBuffer(512);
        if (selected.Has("links"))
            links.WriteLinks(ownLinks, StoredIds.Of(document));
        selected.Write(document, ownLinks.Written.Span, output);
    }
}
