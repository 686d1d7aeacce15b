<?php

//includes files
	require_once dirname(__DIR__, 2) . "/resources/require.php";
	require_once "resources/check_auth.php";
	require_once "resources/paging.php";

//check permissions
	voice_page::require_permission('voice_webhook_view');
	$may_edit = permission_exists('voice_webhook_edit');

//add multi-lingual support
	$language = new text;
	$text = $language->get();

//the filters, each checked
	$sql = "select voice_webhook_uuid, webhook_name from v_voice_webhooks where domain_uuid = :domain_uuid order by webhook_name asc ";
	$webhooks = $database->select($sql, ['domain_uuid' => $domain_uuid], 'all');
	$webhooks = array_column(is_array($webhooks) ? $webhooks : [], 'webhook_name', 'voice_webhook_uuid');
	$statuses = ['pending', 'delivered', 'dead'];
	$filter = ['webhook' => voice_form::posted_choice($_GET, 'webhook', array_keys($webhooks), ''), 'status' => voice_form::posted_choice($_GET, 'status', $statuses, '')];
	$list = new voice_list(['insert_date', 'event_name', 'delivery_status', 'attempt_count', 'next_attempt_date'], 'desc', $filter);

//send again
	if (($_POST['action'] ?? '') === 'replay' && $may_edit) {
		voice_page::require_genuine($text, $list->url('voice_deliveries.php'));
		$service = new voice_service($database, $domain_uuid);
		$problem = '';
		$sent = 0;
		foreach (voice_rows::checked($database, 'voice_outbox', $_POST['voice_outbox'] ?? null, $domain_uuid) as $row) {
			$answer = $service->post('/webhooks/deliveries/'.$row['voice_outbox_uuid'].'/replay');
			$sent += $answer->is_ok() ? 1 : 0;
			$problem = $answer->is_ok() ? $problem : $answer->reason($text);
		}
		$problem === '' ? message::add($text['message-replayed'].' ('.$sent.')') : message::add($problem, 'negative', 8000);
		voice_page::go($list->url('voice_deliveries.php'));
	}

//get the list
	$parameters = ['domain_uuid' => $domain_uuid];
	$sql_where = "where domain_uuid = :domain_uuid ".$list->searched(['event_name', 'event_id', 'last_error'], $parameters);
	foreach (['webhook' => 'voice_webhook_uuid', 'status' => 'delivery_status'] as $name => $column) {
		if ($filter[$name] !== '') {
			$sql_where .= "and ".$column." = :".$name." ";
			$parameters[$name] = $filter[$name];
		}
	}
	$num_rows = (int) $database->select("select count(*) from v_voice_outbox ".$sql_where, $parameters, 'column');
	$list->paged($settings, $num_rows);
	$sql = "select voice_outbox_uuid, voice_webhook_uuid, event_name, event_id, delivery_status, attempt_count, insert_date, next_attempt_date, delivered_date, last_status_code, last_error ";
	$sql .= "from v_voice_outbox ".$sql_where;
	$sql .= order_by($list->order_by, $list->order, 'insert_date', 'desc');
	$sql .= limit_offset($list->rows_per_page, $list->offset);
	$rows = $database->select($sql, $parameters, 'all');
	$rows = is_array($rows) ? $rows : [];

//include header
	$document['title'] = $text['title-voice_deliveries'];
	require_once "resources/header.php";
	voice_page::top($database, $text, 'voice_webhooks.php');

//show the content
	$buttons = button::create(['type' => 'button', 'label' => $text['button-back'], 'icon' => $settings->get('theme', 'button_icon_back'), 'link' => 'voice_webhooks.php']);
	if ($may_edit && $rows) {
		$buttons .= button::create(['type' => 'button', 'label' => $text['button-replay'], 'icon' => 'rotate-right', 'id' => 'btn_replay', 'onclick' => "list_action_set('replay'); list_form_submit('form_list');"]);
	}
	$list->head($settings, $text, $text['title-voice_deliveries'], $num_rows, $buttons, []);
	echo $text['description-voice_deliveries']."\n<br /><br />\n";
	echo "<form method='get' style='margin-bottom: 12px;'>\n";
	echo voice_form::select('webhook', ['' => $text['label-all_webhooks']] + $webhooks, $filter['webhook'], ['onchange' => 'this.form.submit();']).' ';
	echo voice_form::select('status', ['' => $text['label-any_status']] + array_combine($statuses, array_map(function ($status) use ($text) { return $text['label-delivery_'.$status]; }, $statuses)), $filter['status'], ['onchange' => 'this.form.submit();']);
	echo "</form>\n";
	$list->table([
		'insert_date' => [$text['label-date'], ''],
		'event_name' => [$text['label-event'], ''],
		0 => [$text['title-voice_webhook'], ''],
		'delivery_status' => [$text['label-status'], ''],
		'attempt_count' => [$text['label-tries'], "class='center'"],
		'next_attempt_date' => [$text['label-next_try'], "class='hide-sm-dn'"],
		1 => [$text['label-answer'], "class='hide-sm-dn'"],
	], $may_edit, !empty($rows));
	foreach ($rows as $x => $row) {
		echo "<tr class='list-row'>\n";
		if ($may_edit) {
			echo voice_list::checkbox('voice_outbox', $x, $row['voice_outbox_uuid']);
		}
		echo "	<td>".escape(voice_page::moment($settings, $row['insert_date']))."</td>\n";
		echo "	<td title='".escape($row['event_id'])."'>".escape($text['label-event_'.$row['event_name']] ?? $row['event_name'])."</td>\n";
		echo "	<td>".escape($webhooks[$row['voice_webhook_uuid']] ?? '')."</td>\n";
		echo "	<td>".escape($text['label-delivery_'.$row['delivery_status']] ?? '').($row['delivered_date'] === null ? '' : ' '.escape(voice_page::moment($settings, $row['delivered_date'])))."</td>\n";
		echo "	<td class='center'>".(int) $row['attempt_count']."</td>\n";
		echo "	<td class='hide-sm-dn'>".($row['delivery_status'] === 'pending' ? escape(voice_page::moment($settings, $row['next_attempt_date'])) : '')."</td>\n";
		echo "	<td class='hide-sm-dn overflow'>".escape(trim(($row['last_status_code'] === null ? '' : (int) $row['last_status_code']).' '.($row['last_error'] ?? '')))."</td>\n";
		echo "</tr>\n";
	}
	$list->foot();

//include the footer
	require_once "resources/footer.php";

?>
